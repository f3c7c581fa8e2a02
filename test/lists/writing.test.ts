/** Rules as lists: what is written is read again as it was, and no spreadsheet runs it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  digestOf,
  obfuscated,
  readList,
  writeAllowList,
  writeCsv,
  writeJson,
  writePlain,
} from '../../src/lists/index.ts';

const seed = Date.now() & 0xffff_ffff;
console.info(`writing.test.ts: seed ${seed}`);
fc.configureGlobal({ ...fc.readConfigureGlobal(), seed });

const HEAD = '#domain,#severity,#reject_media,#reject_reports,#public_comment,#obfuscate';

describe('what is written', () => {
  const comment = fc
    .oneof(
      fc.string({ unit: 'grapheme', maxLength: 60 }),
      fc.constantFrom(
        ...["=cmd|' /C calc'!A0", "'=1", "''+1", '@x', '\tx', ' spaced ', 'a,"b"\r\nc', '-', "'", '#domain'],
      ),
    )
    .map((text) => (text.trim() === '' || text.includes('\0') ? null : text));
  const rule = fc.record({
    severity: fc.constantFrom('block' as const, 'silence' as const, 'none' as const, 'allow' as const),
    rejectMedia: fc.boolean(),
    rejectReports: fc.boolean(),
    obfuscate: fc.boolean(),
    publicComment: comment,
  });
  const rules = fc.array(rule, { maxLength: 20 }).map((all) =>
    all.map((one, n) => ({
      ...one,
      domain: `d${n}.example`,
      createdAt: '2025-11-25T12:00:00.000Z',
    })),
  );
  type Rule = Parameters<typeof writeCsv>[0][number];
  const readAgain = (all: readonly Rule[]): void => {
    const exported = all.filter(
      ({ severity, rejectMedia }) =>
        severity === 'block' || severity === 'silence' || (severity === 'none' && rejectMedia),
    );
    for (const text of [writeCsv(all), writeJson(all)]) {
      const { wishes, problems } = readList(text);
      expect(problems).toEqual([]);
      expect(wishes.map(({ privateComment: _, labels: __, ...wish }) => wish)).toEqual(
        exported.map(({ createdAt: _, ...wish }) => wish),
      );
    }
    const named = (severity: string) =>
      all.filter((one) => one.severity === severity).map(({ domain }) => domain);
    expect(readList(writePlain(all)).wishes.map(({ domain }) => domain)).toEqual(named('block'));
    expect(readList(writeAllowList(all)).wishes.map(({ domain }) => domain)).toEqual(named('allow'));
  };
  test('in CSV and in JSON is read again as it was', () =>
    fc.assert(fc.property(rules, readAgain), { numRuns: 300 }));

  test("has Mastodon's header, and no formula for a spreadsheet", () => {
    const one = { domain: 'a.example', severity: 'block', rejectMedia: false, rejectReports: true } as const;
    const text = writeCsv([{ ...one, publicComment: '=cmd', obfuscate: true, createdAt: '' }]);
    expect(text).toBe(`${HEAD}\na.example,suspend,false,true,'=cmd,true\n`);
  });

  test('in public may hide the middle of a name, and never its digest', () => {
    expect(obfuscated('spam.example')).toBe('spam.****ple');
    expect(digestOf('spam.example')).toBe('8bb6634ad532175e1c706063fd69b452bf51917f61150b14da6500c018cf8df4');
    expect(obfuscated('a.b')).toBe('a.*');
  });
});
