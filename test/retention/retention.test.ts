/** What goes with time and what stays, on both databases; the clock is moved by hand. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { House } from '../../src/house.ts';
import { sql } from '../../src/store/statement.ts';
import { create, like, type RemoteActor, type Sent, undo } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from '../inbox/served.ts';

const DAY_MS = 86_400_000;
const ALICE = `${ORIGIN}/users/alice`;
interface Pruned {
  readonly tables: { table: string; gone: number }[];
  readonly heldBackBy: string[];
  readonly cursor: string | null;
}

describe.each(places)('what is kept ($name)', (place) => {
  let served: Served;
  let house: House;
  let ann: RemoteActor;
  let leave: Disposable;
  const read: string[] = [];
  beforeAll(async () => {
    served = await serve(
      place,
      {
        filters: [{ use: 'keywords', words: ['perhaps'], verdict: 'hold' }],
        retention: { deadLetters: '2 years', activities: '300 days', log: '300 days' },
      },
      (inbox) => {
        inbox.on('Dislike', () => {
          throw new Error('the handler is broken');
        });
        leave = inbox.on('Create', ({ id }) => void read.push(id), { name: 'reader' });
      },
      {
        onOpen(opened) {
          house = opened;
        },
      },
    );
    ann = await (await served.remote()).actor('ann');
  }, PATIENCE);
  afterAll(() => served?.[Symbol.asyncDispose](), PATIENCE);

  async function send(...activities: Sent[]): Promise<void> {
    for (const activity of activities) {
      const options = { date: new Date(served.clock.now()) };
      expect((await served.post('/inbox', activity, ann, options)).status).toBe(202);
    }
    await served.inbox.settled();
  }
  async function pass(days: number): Promise<void> {
    served.clock.advance(days * DAY_MS);
    await served.inbox.settled();
  }
  /** Through the admin API, from the beginning to the end. */
  async function prune(dryRun: boolean): Promise<Record<string, number>> {
    const gone: Record<string, number> = {};
    let cursor: string | null | undefined;
    do {
      const reply = await served.admin('/prune', { dryRun, ...(cursor == null ? {} : { cursor }) });
      expect(reply.status).toBe(200);
      const pruned = reply.json() as Pruned;
      for (const one of pruned.tables) gone[one.table] = (gone[one.table] ?? 0) + one.gone;
      cursor = pruned.cursor;
    } while (cursor !== null);
    return Object.fromEntries(Object.entries(gone).filter(([, count]) => count > 0));
  }
  async function has(table: string, column: string, value: string): Promise<boolean> {
    const found = await house.store.run(
      sql`select from ${sql.table(table)} where ${sql.ref(column)} = ${value}`,
    );
    return found.length > 0;
  }
  const hasDocument = ({ id }: Sent) => has('document', 'activity_id', id);
  const hasActivity = ({ id }: Sent) => has('activity', 'activity_id', id);
  const noteOf = ({ object }: Sent) => (object as { id: string }).id;

  test('documents go a month after their end; those of objects that are known, of what is held and of dead letters stay', async () => {
    const post = create(ann.id);
    const liked = like(ann.id, `${ORIGIN}/notes/1`);
    const held = create(ann.id, { content: 'perhaps' });
    const broken = { ...like(ann.id, ALICE), type: 'Dislike' };
    await send(post, liked, broken);
    for (let hours = 0; hours < 30 && (await served.inbox.dead.list()).items.length === 0; hours++) {
      served.clock.advance(3_600_000);
      await served.inbox.settled();
    }
    await pass(29);
    await send(held);
    expect(await prune(false)).not.toHaveProperty('document');
    await pass(2);
    const would = await prune(true);
    expect(would).toMatchObject({ document: 1 });
    expect(await hasDocument(liked)).toBe(true);
    expect(await prune(false)).toEqual(would);
    expect(await hasDocument(liked)).toBe(false);
    for (const kept of [post, held, broken]) expect(await hasDocument(kept)).toBe(true);
    expect(await served.inbox.lookup('object', noteOf(post))).toMatchObject({ type: 'Note' });
    expect(await served.inbox.lookup('activity', liked.id)).toBeUndefined();
    expect((await served.inbox.ref(liked.id)).isResolved).toBe(false);
    expect((await served.inbox.activities.get(liked.id)).status).toBe('processed');

    await served.inbox.held.approve(held.id);
    await served.inbox.settled();
    expect((await served.inbox.activities.get(held.id)).status).toBe('processed');
    // Deleted, there is nothing left to show, and its document goes.
    const gone = { ...like(ann.id, noteOf(post)), type: 'Delete' };
    await send(gone);
    await prune(false);
    expect(await hasDocument(post)).toBe(false);
  });

  test('a like that still counts can be taken back by its id after years; its inbox entry goes with the activity', async () => {
    const [first, second] = [like(ann.id, `${ORIGIN}/notes/2`), like(ann.id, `${ORIGIN}/notes/3`)];
    const note = create(ann.id, { to: [ALICE] });
    await send(first, second, note, undo(ann.id, second));
    await send({ ...like(ann.id, noteOf(note)), type: 'Delete' });
    const inbox = async () => (await served.inbox.actors.collection('alice', 'inbox')).items;
    expect(await inbox()).toContain(note.id);
    await pass(400);
    const would = await prune(true);
    expect(await hasActivity(second)).toBe(true);
    const went = await prune(false);
    expect(would.activity).toBeLessThanOrEqual(went.activity as number);
    expect(await hasActivity(second)).toBe(false);
    expect(await hasActivity(first)).toBe(true);
    expect(await inbox()).not.toContain(note.id);
    expect((await served.inbox.objects.get(`${ORIGIN}/notes/2`)).likes.total).toBe(1);
    await send({ ...like(ann.id, first.id), type: 'Undo' });
    expect((await served.inbox.objects.get(`${ORIGIN}/notes/2`)).likes.total).toBe(0);
  });

  test('the log and what it tells of wait for a handler that is away, until it comes back or is forgotten', async () => {
    leave[Symbol.dispose]();
    const missed = create(ann.id);
    await send(missed, { ...like(ann.id, noteOf(missed)), type: 'Delete' });
    await pass(400);
    await prune(false);
    expect(await hasActivity(missed)).toBe(true);
    expect(await hasDocument(missed)).toBe(true);
    const { heldBackBy } = (await served.admin('/prune', { dryRun: true })).json() as Pruned;
    expect(heldBackBy).toEqual(['reader']);

    leave = served.inbox.on('Create', ({ id }) => void read.push(id), { name: 'reader' });
    await served.inbox.settled();
    expect(read).toContain(missed.id);
    // One that is at work, and our own readers, are nobody's to forget.
    const forget = async () =>
      (await served.inbox.retention.forget(['reader', 'sallyport:rollups'])).handlers;
    expect(await forget()).toEqual([]);
    leave[Symbol.dispose]();
    await send(like(ann.id, `${ORIGIN}/notes/4`));
    await pass(400);
    await prune(false);
    expect(await hasDocument(missed)).toBe(false);
    expect(await hasActivity(missed)).toBe(false);
    expect((await served.inbox.retention.forget(['reader', 'sallyport:rollups'])).handlers).toEqual([
      'reader',
    ]);
  });

  test('counts outlive what was counted; a reader of the log is told that it comes too late', async () => {
    await served.inbox.domains.block('spam.example', { reason: 'spam' });
    await served.inbox.domains.unblock('spam.example');
    for (const type of ['Listen', 'View']) await send({ ...like(ann.id, ALICE), type });
    const span = { from: new Date(served.clock.now() - 2 * DAY_MS), to: new Date(served.clock.now()) };
    const before = await served.inbox.analytics.counts({ ...span, by: 'type' });
    expect(before.total).toBe(2);
    await house.store.run(sql`delete from dead_letter`);
    await pass(320);
    const late = (await served.inbox.transitionsPage({ since: 0, limit: 1 })).items[0]?.seq as number;
    expect(await prune(false)).toMatchObject({ event: expect.any(Number), activity: expect.any(Number) });
    expect(await served.inbox.analytics.counts({ ...span, by: 'type' })).toEqual(before);
    await expect(
      (async () => {
        for await (const _ of served.inbox.transitions({ since: late })) return;
      })(),
    ).rejects.toMatchObject({ code: 'ERR_SEQUENCE_EXPIRED' });
    await pass(60);
    expect(await prune(false)).toMatchObject({ rollup: expect.any(Number) });
    expect((await served.inbox.analytics.counts({ ...span, by: 'type' })).total).toBe(0);
  });
});
