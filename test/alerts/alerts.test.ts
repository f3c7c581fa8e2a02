/**
 * Alerts themselves: once each, also with two processes and one that dies; what is tried again and what is given up. Each
 * process here is a reader and a sender of its own on a store of its own; PGlite, which has one process, has two on one.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { createAlerts } from '../../src/alerts.ts';
import type { AuditEntry } from '../../src/api/audit.ts';
import type { NewEvent } from '../../src/api.ts';
import { createAlertsDesk } from '../../src/moderation/alerts.ts';
import { type AlertChannel, checkOptions, type Settings } from '../../src/options.ts';
import { createRemote, type Remote } from '../../src/remote.ts';
import { recordAudit } from '../../src/store/audit.ts';
import { appendEvents } from '../../src/store/log.ts';
import { sql } from '../../src/store/statement.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { databases, type TestDatabase } from '../databases.ts';
import { handClock, quiet, US } from '../turn/mail.ts';
import { type MailServer, mailServer, type Receiver, receiver, signatureOf } from './receivers.ts';

const PATIENCE = 120_000;
const SECRET = 'twelve or more';
const clock = handClock();

describe.each(databases)('alerts on $name', (kind) => {
  let place: TestDatabase;
  let first: Store;
  let second: Store;
  let mail: MailServer;
  let hook: Receiver;
  let chat: Receiver;
  let remote: Remote;
  let count = 0;

  beforeAll(async () => {
    place = await kind.open();
    const open = () =>
      openStore({ ...place, database: place.database ?? null, origin: US, logger: quiet }, { clock });
    first = await open();
    second = kind.name === 'PostgreSQL' ? await open() : first;
    [mail, hook, chat] = [await mailServer(), await receiver(), await receiver()];
    remote = createRemote({ origin: US, allowPrivateAddress: false });
  }, PATIENCE);
  afterAll(async () => {
    for (const one of [mail, hook, chat]) await one?.[Symbol.asyncDispose]();
    await remote?.close();
    if (second !== first) await second.close();
    await first?.close();
    await place?.drop();
  });
  beforeEach(async () => {
    await first.run(sql`truncate event, alert, consumer, chore, dead_letter`);
    for (const list of [mail.mails, hook.told, chat.told]) list.length = 0;
    mail.refuse(null);
    for (const one of [hook, chat]) one.answer(204);
  });

  const channels = (): AlertChannel[] => [
    { use: 'mail', url: mail.url, from: 'inbox@us.example', to: 'mo@us.example' },
    { use: 'webhook', url: hook.url, secret: SECRET },
  ];
  const settingsOf = (alerts: AlertChannel[]): Settings =>
    checkOptions({ origin: US, logger: quiet, alerts });
  /** A process. */
  const process = (store: Store, alerts = channels()) =>
    createAlerts({ settings: settingsOf(alerts), store, remote });
  async function started(store = first, alerts = channels()) {
    const one = process(store, alerts);
    await one.start();
    return one;
  }
  /** Domains are blocked by the runtime. */
  async function block(...names: string[]): Promise<void> {
    const events = names.map((name): NewEvent => {
      const of = { kind: 'transition', machine: 'domain', key: name, domain: name } as const;
      const from = 'active';
      return {
        ...of,
        atMs: clock.now(),
        from,
        to: 'blocked',
        event: 'limit.exceeded',
        reason: 'too much',
        by: null,
      };
    });
    await first.transaction((tx) => appendEvents(tx, events));
  }
  const fresh = (many: number): string[] => Array.from({ length: many }, () => `d${++count}.example`);

  test(
    'are told once, by two processes at once, and one that dies between reading and writing',
    async () => {
      await (await started()).close(1_000);
      const names = fresh(4);
      await block(...names);
      const dying: Store = {
        ...second,
        transaction: (work) =>
          second.transaction(async (tx) => {
            await work(tx);
            throw new Error('killed');
          }),
      };
      await process(dying).settled();
      clock.advance(31_000);
      const [one, other] = [await started(first), await started(second)];
      await Promise.all([one.settled(), other.settled()]);
      await Promise.all([one.settled(), other.settled()]);
      expect(mail.mails.map(({ subject }) => subject).sort()).toEqual(
        names.map((name) => `[sallyport] ${name} is blocked: too much`).sort(),
      );
      expect(hook.told.map(({ body: { event, object } }) => `${event} ${object.domain}`).sort()).toEqual(
        names.flatMap((name) => [`domain.state_changed ${name}`, `domain_block.created ${name}`]).sort(),
      );
      expect(new Set(mail.mails.map(({ messageId }) => messageId)).size).toBe(4);
      await Promise.all([one.close(1_000), other.close(1_000)]);
    },
    PATIENCE,
  );

  test('a process that dies with a message on its way gives it back, and it is told under the same number', async () => {
    const one = await started();
    await block(...fresh(1));
    hook.answer(0);
    mail.refuse(451);
    await one.settled();
    await one.close(0);
    // As if its record had never been written: the claim is what is left.
    await first.run(
      sql`update alert set due_at = ${new Date(clock.now() + 60_000).toISOString()}::timestamptz`,
    );
    hook.answer(200);
    mail.refuse(null);
    const other = await started(second);
    await other.settled();
    expect(mail.mails).toEqual([]);
    clock.advance(60_000);
    await other.settled();
    expect(mail.mails).toHaveLength(1);
    const numbers = hook.told.map(({ headers }) => headers['x-sallyport-delivery']);
    expect(numbers.length).toBeGreaterThan(2);
    expect(new Set(numbers).size).toBe(2);
    await other.close(1_000);
  });

  test(
    'what passes is tried again, sixteen times in three days; what does not is given up and shown',
    async () => {
      const webhook = channels().slice(1);
      const one = await started(first, webhook);
      const desk = createAlertsDesk({
        store: first,
        settings: settingsOf(webhook),
        onAlert: () => one.poke(),
      });
      const states = async () => (await desk.list()).items.map(({ state, attempts }) => [state, attempts]);
      for (const [status, state] of [
        ...([501, 400, 404, 410] as const).map((code) => [code, 'dead'] as const),
        ...([302, 401, 408, 429, 500, 503] as const).map((code) => [code, 'waiting'] as const),
      ]) {
        await first.run(sql`truncate alert`);
        hook.answer(status);
        // The channel may rest from the one before.
        clock.advance(16_000);
        await desk.test();
        await one.settled();
        expect([status, await states()]).toEqual([status, [[state, 1]]]);
      }
      const startMs = clock.now();
      for (let tries = 0; tries < 40; tries++) {
        const [alert] = (await desk.list()).items;
        if (alert?.nextAt == null) break;
        clock.advance(Date.parse(alert.nextAt) - clock.now());
        await one.settled();
      }
      expect(await states()).toEqual([['dead', 17]]);
      expect((clock.now() - startMs) / 86_400_000).toBeCloseTo(2.8, 1);
      const [dead] = (await desk.list({ state: 'dead' })).items;
      expect(dead).toMatchObject({ channel: 'webhook#1', event: 'test', error: 'answered 503' });
      hook.answer(200);
      hook.told.length = 0;
      expect(await desk.retry(dead?.id as string)).toMatchObject({ state: 'waiting', attempts: 0 });
      await one.settled();
      expect(hook.told).toHaveLength(1);
      expect(hook.told[0]?.headers['x-hub-signature']).toBe(signatureOf(SECRET, hook.told[0]?.raw as string));
      await expect(desk.retry(dead?.id as string)).rejects.toMatchObject({
        code: 'ERR_NOT_ALLOWED_IN_STATE',
      });
      await expect(desk.retry('x')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
      await expect(desk.test('nobody')).rejects.toMatchObject({ code: 'ERR_NOT_FOUND' });
      await one.close(1_000);
    },
    PATIENCE,
  );

  test('a mail server that is away costs nobody else anything, and one that refuses for good ends it', async () => {
    const away: AlertChannel = {
      use: 'mail',
      url: 'smtp://127.0.0.1:1',
      from: 'a@us.example',
      to: 'b@us.example',
    };
    const one = await started(first, [away, ...channels(), { use: 'slack', url: chat.url }]);
    mail.refuse(554);
    const [name] = fresh(1) as [string];
    await block(name);
    await one.settled();
    const found = await first.run<{ channel: string; state: string; attempts: number }>(
      sql`select channel, state, attempts from alert where event = 'domain.state_changed' order by channel`,
    );
    expect(found).toEqual([
      { channel: 'mail#1', state: 'waiting', attempts: 1 },
      { channel: 'mail#2', state: 'dead', attempts: 1 },
      { channel: 'slack#1', state: 'delivered', attempts: 1 },
      { channel: 'webhook#1', state: 'delivered', attempts: 1 },
    ]);
    const { text } = chat.told[0]?.body as unknown as { text: string };
    expect(text).toContain(`${name} is blocked`);
    await one.close(1_000);
  });

  test('a channel that is away rests as a whole, however much waits for it', async () => {
    const one = await started();
    hook.answer(500);
    const names = fresh(60);
    await block(...names);
    await one.settled();
    expect(hook.told).toHaveLength(1);
    const text = mail.mails.map((one) => `${one.subject} ${one.text}`).join();
    expect(names.filter((name) => !text.includes(name))).toEqual([]);
    clock.advance(16_000);
    await one.settled();
    expect(hook.told).toHaveLength(2);
    hook.answer(204);
    clock.advance(16_000);
    await one.settled();
    expect(hook.told).toHaveLength(2 + 120);
    await one.close(1_000);
  });

  test('calls nobody in a chat, whatever those outside say', async () => {
    const one = await started(first, [{ use: 'slack', url: chat.url }]);
    await block('@everyone.example @channel <!here>');
    await one.settled();
    const { text } = chat.told[0]?.body as unknown as { text: string };
    expect(text).toContain('channel');
    expect(text).not.toMatch(/@(?:everyone|channel|here)|<!/);
    await one.close(1_000);
  });

  test('many at once are one message for people, and say what came from outside on one line', async () => {
    const one = await started();
    const names = fresh(9);
    await block(...names);
    await one.settled();
    expect(mail.mails.map(({ subject }) => subject)).toEqual([
      expect.stringMatching(/^\[sallyport\] 9 alerts: d\d+\.example is blocked: too much$/),
    ]);
    for (const name of names) expect(mail.mails[0]?.text).toContain(`${name} is blocked`);
    await block('evil.example\r\nBcc: all@us.example');
    await one.settled();
    expect(mail.mails[1]?.to).toEqual(['mo@us.example']);
    expect(mail.mails[1]?.subject).toContain('evil.example Bcc: all@us.example is blocked');
    await one.close(1_000);
  });

  test('dead letters that grow are told, once, and by nobody who was not asked to', async () => {
    const one = await started();
    const die = (kind_: string, many: number) =>
      first.run(sql`
        insert into dead_letter (kind, domain, activity_id, error, attempts, data, at)
        select ${kind_}, 'a.example', 'x', 'e', 1, '{}', ${new Date(clock.now()).toISOString()}::timestamptz
          from generate_series(1, ${many})`);
    await die('delivery', 99);
    clock.advance(600_000);
    await one.settled();
    expect(mail.mails).toEqual([]);
    await die('mail', 2);
    clock.advance(600_000);
    await one.settled();
    await one.settled();
    expect(mail.mails.map(({ subject }) => subject)).toEqual(['[sallyport] Dead letters: 101 new ones']);
    expect(hook.told.map(({ body }) => body.object)).toEqual([
      { count: 101, kinds: { delivery: 99, mail: 2 } },
    ]);
    clock.advance(600_000);
    await one.settled();
    expect(mail.mails).toHaveLength(1);
    await one.close(1_000);
  });

  test('reports, appeals and lists that are suspicious are told from the audit log', async () => {
    const one = await started();
    const entry = (kind_: 'report' | 'appeal' | 'subscription', to: string, from?: string): AuditEntry => {
      const states = from === undefined ? { to } : { from, to };
      return {
        by: null,
        verb: 'x',
        subject: { kind: kind_, id: '7' },
        domain: 'a.example',
        reason: 'why',
        ...states,
      };
    };
    await first.transaction((tx) =>
      recordAudit(
        tx,
        [
          ...[entry('report', 'open'), entry('report', 'resolved', 'open'), entry('appeal', 'open')],
          ...[entry('appeal', 'upheld', 'open'), entry('subscription', 'suspicious')],
        ],
        clock.now(),
      ),
    );
    await one.settled();
    const events = [
      'report.created',
      'report.updated',
      'appeal.created',
      'appeal.updated',
      'list.suspicious',
    ];
    expect(hook.told.map(({ body }) => body.event)).toEqual(events);
    expect(mail.mails.map(({ subject }) => subject)).toEqual([
      '[sallyport] New report 7 from a.example',
      '[sallyport] a.example appeals its block',
      '[sallyport] A list has changed in a suspicious way: why',
    ]);
    await one.close(1_000);
  });

  test('with no channel no reader holds back the log', async () => {
    await (await started()).close(1_000);
    const readers = () => first.run(sql`select name from consumer where name like 'sallyport:alerts%'`);
    expect(await readers()).toHaveLength(2);
    await (await started(first, [])).close(1_000);
    expect(await readers()).toEqual([]);
  });
});
