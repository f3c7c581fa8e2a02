/**
 * S28: every event that can happen to a follow request, in every state that it can be in, brought about by peers and by
 * the service. What the table in FEDERATION.md names happens; everything else changes nothing, and somebody is told.
 * Sixteen lives in one place, since the table is the machine's and no database's.
 */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chart, followRequestMachine } from '../../machines/index.ts';
import { postgresql } from '../databases.ts';
import { accept, follow, type RemoteActor, type RemoteDomain, undo } from '../fediverse/index.ts';
import { PATIENCE, type Served, serve } from '../inbox/served.ts';
import { askedOf, type FollowState, idOf, twinOf } from './follows-place.ts';

let served: Served;
let home: RemoteDomain;
let ann: RemoteActor;
let ask: ReturnType<typeof askedOf>;
beforeAll(async () => {
  served = await serve({ kind: postgresql });
  home = await served.remote();
  ann = await home.actor('ann');
  ask = askedOf(served);
}, PATIENCE);
afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

describe('S28 every event in every state', () => {
  /** What each event is, and how somebody brings it about. */
  const incoming = {
    'follow.accepted': (id: string) => served.inbox.followRequests.accept(id),
    'follow.rejected': (id: string) => served.inbox.followRequests.reject(id),
    'follow.undone': (id: string, by: RemoteActor) =>
      ask.end(undo(by.id, { ...follow(by.id, idOf('carol')), id }), by),
    'follow.replaced': (_: string, by: RemoteActor) => ask.end(follow(by.id, idOf('carol')), by),
  } as const;
  type Event = keyof typeof incoming;
  const ways: Record<FollowState, readonly Event[]> = {
    pending: [],
    accepted: ['follow.accepted'],
    rejected: ['follow.rejected'],
    withdrawn: ['follow.undone'],
  };
  const states = Object.keys(ways) as FollowState[];
  const events = Object.keys(incoming) as Event[];
  const drawn = new Map(
    chart(followRequestMachine).states.flatMap(({ name, transitions }) =>
      transitions.map(({ event, target }) => [`${name} ${event}`, target]),
    ),
  );

  test('stands in FEDERATION.md as the machine has it', () => {
    const document = readFileSync(path.resolve(import.meta.dirname, '../../FEDERATION.md'), 'utf8');
    const [head = '', , ...lines] = (document.split('## The life of a follow request')[1] ?? '')
      .split('\n')
      .filter((line) => line.startsWith('|'))
      .slice(0, 2 + states.length)
      .map((line) =>
        line
          .split('|')
          .slice(1, -1)
          .map((cell) => cell.trim()),
      );
    const [, ...named] = head as string[];
    expect(named).toEqual([...events, 'due'].map((event) => `\`${event}\``));
    const table = new Map(
      (lines as unknown as string[][]).flatMap(([state = '', ...cells]) =>
        cells.flatMap((cell, at) =>
          cell === '–' ? [] : [[`${state} ${named[at]}`.replaceAll('`', ''), cell.replaceAll('`', '')]],
        ),
      ) as [string, string][],
    );
    expect(table).toEqual(drawn);
  });

  test('has what the table says, and what it does not name is told and changes nothing', async () => {
    let count = 0;
    for (const state of states) {
      for (const event of events) {
        const dan = twinOf(ann, home, `dan${count++}`);
        const asked = follow(dan.id, idOf('carol'));
        await ask.end(asked, dan);
        for (const way of ways[state]) await incoming[way](asked.id, dan);
        expect(await ask.stateOf(asked.id)).toBe(state);
        const before = await ask.lifeOf(asked.id);
        const to = drawn.get(`${state} ${event}`);
        const happened = await incoming[event](asked.id, dan).then(
          (ended) => ended,
          (error: unknown) => error,
        );
        await served.inbox.settled();
        const after = await ask.lifeOf(asked.id);
        if (to !== undefined) {
          expect(after.slice(before.length)).toEqual([expect.stringMatching(`^${state} ${event} ${to}`)]);
          expect(await ask.stateOf(asked.id)).toBe(to);
        } else {
          expect([after, await ask.stateOf(asked.id)]).toEqual([before, state]);
          // A verb is refused; mail is processed, and says why it had no effect. A Follow begins a life of its own.
          if (happened instanceof Error)
            expect(happened).toMatchObject({ code: 'ERR_NOT_ALLOWED_IN_STATE', data: { state } });
          else if (event !== 'follow.replaced')
            expect(happened).toMatchObject({
              status: 'processed',
              reason: `the follow request is ${state}: ${event} changes nothing`,
            });
        }
      }
    }
    expect(served.errors).toEqual([]);
  });

  test('of our own requests as well: an answer that comes again changes nothing and is told', async () => {
    const fay = twinOf(ann, home, 'fay');
    const asked = await ask.followed('alice', fay, home);
    expect(await ask.end(accept(fay.id, asked), fay)).toMatchObject({ status: 'processed', reason: null });
    expect(await ask.end(accept(fay.id, asked), fay)).toMatchObject({
      status: 'processed',
      reason: 'the follow request is accepted: follow.accepted changes nothing',
    });
    expect(await ask.members('alice', 'following')).toEqual([fay.id]);
    expect(await served.inbox.actors.unfollow('alice', fay.id)).toEqual({ activityId: asked.id });
    await home.delivery((it) => it.activity.type === 'Undo' && it.activity.actor === idOf('alice'));
    expect(await ask.members('alice', 'following')).toEqual([]);
    await expect(served.inbox.actors.unfollow('alice', fay.id)).rejects.toMatchObject({
      code: 'ERR_NOT_FOUND',
    });
    expect((await ask.end(accept(fay.id, asked), fay)).reason).toContain('withdrawn');
    expect(await ask.members('alice', 'following')).toEqual([]);
  });
});
