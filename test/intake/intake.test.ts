/** The intake: one commit for all that wait, exact limits, and what cannot be stored fails alone. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createIntake, type Intake } from '../../src/intake.ts';
import { checkOptions, type InboxOptions } from '../../src/options.ts';
import { sql } from '../../src/store/statement.ts';
import type { Store } from '../../src/store/store.ts';
import { databases } from '../databases.ts';
import { accepted, counted, type Desk, empty, openDesk, quiet, US, verified } from '../turn/mail.ts';

describe.each(databases)('the intake on $name', (kind) => {
  let desk: Desk;
  const marked: string[] = [];
  beforeAll(async () => {
    desk = await openDesk(kind);
  });
  beforeEach(async () => {
    await empty(desk);
    marked.length = 0;
  });
  afterAll(() => desk[Symbol.asyncDispose]());

  const intakeOn = (options: Partial<InboxOptions> = {}, store: Store = desk.store): Intake =>
    createIntake({
      store,
      settings: checkOptions({ origin: US, logger: quiet, ...options }),
      onMail: (domains) => marked.push(...domains),
      onTransition: () => undefined,
    });
  const typesOf = (verdicts: readonly { readonly type: string }[]): string[] =>
    verdicts.map(({ type }) => type);

  test('stores what waits together in few commits, and says so only afterwards', async () => {
    const intake = intakeOn();
    const mail = Array.from({ length: 300 }, (_, n) => verified(`d${n % 10}.example`));
    const verdicts = await Promise.all(mail.map((activity) => intake.accept(activity)));
    expect(new Set(typesOf(verdicts))).toEqual(new Set(['accepted']));
    expect([await counted(desk.store, 'mail'), await counted(desk.store, 'document')]).toEqual([300, 300]);
    expect(new Set(marked).size).toBe(10);
    const inserts = desk.statements.filter((text) => text.includes('insert into mail'));
    expect(inserts.length).toBeLessThan(8);
    await intake.close();
  });

  test('accepts exactly the limit in a window, whatever is grouped with what', async () => {
    const intake = intakeOn({ rateLimit: { limit: 7, window: '1 hour' } });
    const mail = Array.from({ length: 30 }, (_, n) =>
      verified(n % 3 === 0 ? 'quiet.example' : 'loud.example'),
    );
    const verdicts = await Promise.all(mail.map((activity) => intake.accept(activity)));
    const accepted = (domain: string) =>
      verdicts.filter(({ type }, n) => type === 'accepted' && mail[n]?.domain === domain).length;
    expect([accepted('quiet.example'), accepted('loud.example')]).toEqual([7, 7]);
    expect(verdicts.at(-1)).toEqual({
      type: 'rate-limited',
      domain: 'loud.example',
      retryAfterSeconds: 3_600,
    });
    const states = await desk.store.run(sql`select name, state from domain order by name`);
    expect(states).toEqual([
      { name: 'loud.example', state: 'rate-limited' },
      { name: 'quiet.example', state: 'rate-limited' },
    ]);
    await intake.close();
  });

  test('fails what cannot be stored alone; the others of its commit are accepted', async () => {
    const intake = intakeOn();
    const mail = Array.from({ length: 9 }, () => verified('a.example'));
    const broken = { ...verified('a.example'), inbox: undefined as never };
    mail.splice(4, 0, broken);
    const verdicts = await Promise.all(mail.map((activity) => intake.accept(activity)));
    expect(typesOf(verdicts)).toEqual(
      mail.map((activity) => (activity === broken ? 'not-an-activity' : 'accepted')),
    );
    expect(await counted(desk.store, 'mail')).toBe(9);
    await intake.close();
  });

  test('asks the sender to come again while the database is away, and keeps nothing', async () => {
    const away = {
      ...desk.store,
      transaction: () => Promise.reject(Object.assign(new Error('gone'), { code: '57P01' })),
    };
    const intake = intakeOn({}, away as Store);
    const verdicts = await Promise.all([1, 2, 3].map(() => intake.accept(verified('a.example'))));
    expect(new Set(typesOf(verdicts))).toEqual(new Set(['overloaded']));
    expect(await counted(desk.store, 'mail')).toBe(0);
    await intake.close();
  });

  test('limits a domain whose snapshot it cannot read, and leaves the snapshot as it is', async () => {
    const intake = intakeOn({ rateLimit: { limit: 1, window: '1 hour' } });
    await accepted(desk.store, [verified('new.example')]);
    await desk.store.run(sql`update domain set snapshot = jsonb_set(snapshot, '{version}', '99')`);
    const before = await desk.store.run(sql`select snapshot, state from domain`);
    const verdicts = [
      await intake.accept(verified('new.example')),
      await intake.accept(verified('new.example')),
    ];
    expect(typesOf(verdicts)).toEqual(['accepted', 'rate-limited']);
    expect(await desk.store.run(sql`select snapshot, state from domain`)).toEqual(before);
    await intake.close();
  });

  test('refuses what comes after its close, and lets what waits be written', async () => {
    const intake = intakeOn();
    const waiting = intake.accept(verified('a.example'));
    const closed = intake.close();
    expect(await intake.accept(verified('a.example'))).toMatchObject({ type: 'overloaded' });
    expect(await waiting).toEqual({ type: 'accepted' });
    await closed;
  });
});
