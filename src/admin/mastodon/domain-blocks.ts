/** `/api/v1/admin/domain_blocks`. */
import { canonicalDomain, domainOf } from '../../activity.ts';
import type { RuleInForce } from '../../api/lists.ts';
import type { Policy, RuleWish, Severity } from '../../api/rules.ts';
import type { Inbox } from '../../embed.ts';
import { digestOf, isStricter, mastodonSeverity, severityOf } from '../../lists/index.ts';
import { type Called, type Ending, failed, NOT_FOUND, notValid, succeeded } from './endings.ts';
import { pageOf } from './paging.ts';
import { flagIn, type Parameters, textIn } from './parameters.ts';

const COMMENT_CHARACTERS_MAX = 5_000;

function entityOf(rule: RuleInForce) {
  return {
    id: rule.id,
    domain: rule.domain,
    digest: digestOf(rule.domain),
    created_at: rule.createdAt,
    severity: mastodonSeverity(rule.severity),
    reject_media: rule.rejectMedia,
    reject_reports: rule.rejectReports,
    private_comment: rule.privateComment,
    public_comment: rule.publicComment,
    obfuscate: rule.obfuscate,
  };
}

export const domainBlocks: readonly Ending[] = [
  {
    ...{ method: 'GET', path: '/domain_blocks', isReading: true },
    answer: (called) => pageOf(called, 'block', entityOf),
  },
  {
    ...{ method: 'GET', path: '/domain_blocks/:id', isReading: true },
    async answer(called) {
      const rule = await blockOf(called);
      return rule === null ? NOT_FOUND() : succeeded(entityOf(rule));
    },
  },
  { ...{ method: 'POST', path: '/domain_blocks', isReading: false }, answer: create },
  { ...{ method: 'PUT', path: '/domain_blocks/:id', isReading: false }, answer: update },
  {
    ...{ method: 'DELETE', path: '/domain_blocks/:id', isReading: false },
    async answer(called) {
      const rule = await blockOf(called);
      if (rule === null) return NOT_FOUND();
      await called.inbox.lists.lift(rule.domain, {
        by: called.by,
        reason: 'deleted by the Mastodon admin API',
      });
      return succeeded({});
    },
  },
];

/** The block behind an id; an allowed domain is none. */
async function blockOf({ inbox, id }: Called): Promise<RuleInForce | null> {
  const rule = /^\d{1,18}$/.test(id) ? await inbox.lists.inForceFor({ id }) : null;
  return rule?.severity === 'allow' ? null : rule;
}

async function create({ inbox, by, parameters }: Called): Promise<Response> {
  const domain = domainIn(inbox, parameters);
  if (domain instanceof Response) return domain;
  const severity = severityIn(parameters) ?? 'silence';
  if (severity instanceof Response) return severity;
  const flags = {
    rejectMedia: flagIn(parameters, 'reject_media') ?? false,
    rejectReports: flagIn(parameters, 'reject_reports') ?? false,
  };
  const covering = await coveringRule(inbox, domain, { severity, ...flags });
  if (covering !== null) {
    const error = `You have already imposed stricter limits on ${covering.domain}.`;
    return failed(422, error, { existing_domain_block: entityOf(covering) });
  }
  const { rules } = await inbox.rules.of(domain);
  // What people here said of it, though it is no block: a domain that is allowed, or that lists do not count for.
  const before = rules.find((rule) => rule.domain === domain && rule.source === 'manual');
  return put(inbox, by, {
    ...{ domain, severity, ...flags, obfuscate: flagIn(parameters, 'obfuscate') ?? false },
    publicComment: commentIn(parameters, 'public_comment') ?? null,
    privateComment: commentIn(parameters, 'private_comment') ?? before?.privateComment ?? null,
  });
}

async function update(called: Called): Promise<Response> {
  const { inbox, by, parameters } = called;
  const rule = await blockOf(called);
  if (rule === null) return NOT_FOUND();
  const severity = severityIn(parameters) ?? rule.severity;
  if (severity instanceof Response) return severity;
  const text = (name: string, before: string | null): string | null => {
    const comment = commentIn(parameters, name);
    return comment === undefined ? before : comment;
  };
  return put(inbox, by, {
    ...{ domain: rule.domain, severity, labels: rule.labels },
    rejectMedia: flagIn(parameters, 'reject_media') ?? rule.rejectMedia,
    rejectReports: flagIn(parameters, 'reject_reports') ?? rule.rejectReports,
    obfuscate: flagIn(parameters, 'obfuscate') ?? rule.obfuscate,
    publicComment: text('public_comment', rule.publicComment),
    privateComment: text('private_comment', rule.privateComment),
  });
}

/** Says it as a person here, waits until it is in force, and shows it. */
async function put(inbox: Inbox, by: string, wish: RuleWish): Promise<Response> {
  const reason = wish.publicComment ?? wish.privateComment ?? 'set by the Mastodon admin API';
  await inbox.lists.say(wish, { by, reason });
  const rule = await inbox.lists.inForceFor({ domain: wish.domain });
  return rule === null ? NOT_FOUND() : succeeded(entityOf(rule));
}

/** The rule that says as much already: the domain's own, whatever it is, or a parent's that goes as far. */
async function coveringRule(inbox: Inbox, domain: string, wish: Policy): Promise<RuleInForce | null> {
  const own = await inbox.lists.inForceFor({ domain });
  if (own !== null) return own.severity === 'allow' ? null : own;
  const { effective } = await inbox.rules.of(domain);
  if (effective.domain === null || effective.domain === domain) return null;
  const parent = await inbox.lists.inForceFor({ domain: effective.domain });
  return parent === null || parent.severity === 'allow' || isStricter(wish, parent) ? null : parent;
}

/** The domain of a request, or why it is refused. */
export function domainIn(inbox: Inbox, parameters: Parameters): string | Response {
  const text = textIn(parameters, 'domain')?.replaceAll('/', '').trim() ?? '';
  if (text === '') return notValid("Domain can't be blank");
  const domain = canonicalDomain(text);
  // A number alone would be read as an address.
  const isNumber = domain !== null && /^[\d.]+$/.test(domain) && domain !== text;
  if (domain === null || isNumber || domain.length > 253)
    return notValid('Domain is not a valid domain name');
  return domain === domainOf(inbox.origin) ? notValid('Domain is this server') : domain;
}

function severityIn(parameters: Parameters): Severity | null | Response {
  const word = textIn(parameters, 'severity') ?? null;
  if (word === null) return null;
  const isMastodons = /^(?:silence|suspend|noop)$/.test(word);
  return isMastodons ? severityOf(word) : notValid('Severity is not included in the list');
}

const commentIn = (parameters: Parameters, name: string): string | null | undefined =>
  textIn(parameters, name)?.slice(0, COMMENT_CHARACTERS_MAX).toWellFormed() ??
  (parameters[name] === undefined ? undefined : null);
