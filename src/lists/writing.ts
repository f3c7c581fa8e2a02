/** Rules as lists: Mastodon's CSV, JSON as GoToSocial and fediblockhole read it, one name a line, and the allowed ones. */
import { stringify } from 'csv-stringify/sync';
import type { Severity } from '../api/rules.ts';
import { digestOf } from './obfuscation.ts';
import { mastodonSeverity } from './severity.ts';
import { guarded } from './spreadsheet.ts';

/** A rule as far as lists tell of it. What only moderators read is not in it. */
export interface Listed {
  readonly domain: string;
  readonly severity: Severity;
  readonly rejectMedia: boolean;
  readonly rejectReports: boolean;
  readonly publicComment: string | null;
  readonly obfuscate: boolean;
  /** ISO 8601. */
  readonly createdAt: string;
}

/** Mastodon's choice: what is silenced, blocked or without media; a rule that only refuses reports stays at home. */
export function isExported({ severity, rejectMedia }: Pick<Listed, 'severity' | 'rejectMedia'>): boolean {
  return severity === 'block' || severity === 'silence' || (severity === 'none' && rejectMedia);
}

/** Mastodon's `domain_blocks.csv`. */
export function writeCsv(rules: readonly Listed[]): string {
  const rows = rules
    .filter(isExported)
    .map(({ domain, severity, rejectMedia, rejectReports, publicComment, obfuscate }) => [
      ...[domain, mastodonSeverity(severity), String(rejectMedia), String(rejectReports)],
      ...[guarded(publicComment ?? ''), String(obfuscate)],
    ]);
  const names = ['domain', 'severity', 'reject_media', 'reject_reports', 'public_comment', 'obfuscate'];
  return csvOf([names.map((name) => `#${name}`), ...rows]);
}

/** Mastodon's list of allowed domains. */
export function writeAllowList(rules: readonly Pick<Listed, 'domain' | 'severity'>[]): string {
  const allowed = rules.filter(({ severity }) => severity === 'allow');
  return csvOf([['#domain'], ...allowed.map(({ domain }) => [domain])]);
}

/** One name a line; only what is blocked, because whoever reads it blocks all of it. */
export function writePlain(rules: readonly Pick<Listed, 'domain' | 'severity'>[]): string {
  return rules
    .filter(({ severity }) => severity === 'block')
    .map(({ domain }) => `${domain}\n`)
    .join('');
}

/** Entries as GoToSocial, fediblockhole and readers of Mastodon's public list understand them. */
export function writeJson(rules: readonly Listed[]): string {
  const entries = rules.filter(isExported).map((rule) => ({
    domain: rule.domain,
    digest: digestOf(rule.domain),
    severity: mastodonSeverity(rule.severity),
    ...(rule.severity === 'block' && { suspended_at: rule.createdAt }),
    ...(rule.severity === 'silence' && { silenced_at: rule.createdAt }),
    reject_media: rule.rejectMedia,
    reject_reports: rule.rejectReports,
    obfuscate: rule.obfuscate,
    comment: rule.publicComment,
    public_comment: rule.publicComment,
  }));
  return `${JSON.stringify(entries, null, 1)}\n`;
}

/** Cells with spaces are quoted, so that none is lost when somebody trims. */
const csvOf = (rows: readonly (readonly string[])[]): string => stringify([...rows], { quoted_match: /\s/ });
