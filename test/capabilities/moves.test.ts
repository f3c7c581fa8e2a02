/**
 * S25 and what follows from it when an actor moves: those of ours who follow it follow it to where it says it is, if the
 * target says so as well; and nobody drags followers about.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { accept, create, type RemoteActor, type RemoteDomain, type Sent } from '../fediverse/index.ts';
import { PATIENCE, places, type Served, serve } from '../inbox/served.ts';
import { askedOf, idOf, twinOf } from './follows-place.ts';

const DAY_MS = 86_400_000;
let count = 0;

/** A Move as Mastodon sends it. */
const move = (actor: string, target: string): Sent => ({
  ...create(actor, { to: [`${actor}/followers`], cc: [] }),
  ...{ id: `${actor}#moves/${++count}`, type: 'Move', object: actor, target },
});

describe.each(places)('a Move, on $name', (place) => {
  let served: Served;
  let home: RemoteDomain;
  let away: RemoteDomain;
  let ann: RemoteActor;
  let bea: RemoteActor;
  let ask: ReturnType<typeof askedOf>;
  beforeAll(async () => {
    served = await serve(place, {
      actors: { alice: { alsoKnownAs: ['https://old.example/users/alice'] }, bob: {}, carol: {} },
    });
    [home, away] = [await served.remote(), await served.remote()];
    [ann, bea] = [await home.actor('ann'), await away.actor('bea')];
    ask = askedOf(served);
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  /** An actor of the old domain that these of ours follow, and one of the new domain that says it is the same one. */
  async function household(name: string, ...handles: string[]) {
    const old = twinOf(ann, home, `old-${name}`);
    const next = twinOf(bea, away, `new-${name}`);
    Object.assign(next.document, { alsoKnownAs: ['https://third.example/users/x', old.id] });
    for (const handle of handles) {
      const asked = await ask.followed(handle, old, home);
      await ask.end(accept(old.id, asked), old);
    }
    return { old, next };
  }
  const followsOf = async (handle: string): Promise<string[]> => {
    const { items } = await served.inbox.followRequests.list({ actor: idOf(handle), limit: 200 });
    return items
      .filter(
        ({ state, direction }) => direction === 'outgoing' && (state === 'pending' || state === 'accepted'),
      )
      .map(({ following, state }) => `${following} ${state}`);
  };

  test('takes nobody to an actor that is suspended here', async () => {
    const { old, next } = await household('s', 'carol');
    await served.inbox.actors.suspend(next.id, { reason: 'harassment' });
    await served.inbox.settled();
    expect(await ask.end(move(old.id, next.id), old)).toMatchObject({ status: 'rejected' });
    expect(await followsOf('carol')).toEqual([`${old.id} accepted`]);
    await served.inbox.actors.unsuspend(next.id);
    await served.inbox.actors.unfollow('carol', old.id);
    await served.inbox.settled();
  });

  test('takes those who follow along: an Undo to the old one, a Follow to the new one, once', async () => {
    const { old, next } = await household('a', 'alice', 'bob');
    const moved = move(old.id, next.id);
    expect(await ask.end(moved, old)).toMatchObject({ status: 'processed', reason: null });
    for (const handle of ['alice', 'bob']) {
      const asked = await away.delivery(
        ({ activity }) =>
          activity.type === 'Follow' && activity.object === next.id && activity.actor === idOf(handle),
      );
      expect(asked.path).toBe(new URL(next.inbox).pathname);
      await home.delivery(({ activity }) => activity.type === 'Undo' && activity.actor === idOf(handle));
      expect(await followsOf(handle)).toEqual([`${next.id} pending`]);
      expect(await ask.members(handle, 'following')).toEqual([]);
      expect(await ask.members(handle, 'inbox')).toContain(moved.id);
      expect(await ask.end(accept(next.id, asked.activity as unknown as Sent), next)).toMatchObject({
        status: 'processed',
      });
      expect(await ask.members(handle, 'following')).toEqual([next.id]);
    }
    const sent = [home.received.length, away.received.length];
    await ask.end(moved, old);
    expect(await ask.end(move(old.id, next.id), old)).toMatchObject({
      status: 'processed',
      reason: 'nobody here follows the actor',
    });
    expect([home.received.length, away.received.length]).toEqual(sent);
  });

  test('that the target does not confirm is rejected with a reason, and changes nothing', async () => {
    const { old, next } = await household('b', 'alice');
    const before = await followsOf('alice');
    const aliases: unknown[] = [
      undefined,
      [],
      'https://third.example/users/x',
      [`${old.id}/`],
      { id: old.id },
    ];
    for (const alsoKnownAs of aliases) {
      Object.assign(next.document, { alsoKnownAs });
      expect(await ask.end(move(old.id, next.id), old)).toMatchObject({
        status: 'rejected',
        reason: 'the target does not say that it is also known as the actor',
      });
    }
    expect(await ask.end(move(old.id, `${away.origin}/users/nobody`), old)).toMatchObject({
      status: 'rejected',
      reason: 'the target could not be read',
    });
    expect((await ask.end(move(old.id, idOf('bob')), old)).status).toBe('rejected');
    expect(await followsOf('alice')).toEqual(before);
    // One alias may stand alone.
    Object.assign(next.document, { alsoKnownAs: old.id });
    expect((await ask.end(move(old.id, next.id), old)).status).toBe('processed');
    expect(await followsOf('alice')).toContain(`${next.id} pending`);
  });

  test('is an actor’s own affair: another one’s Move is rejected, and asks no server', async () => {
    const { old, next } = await household('c', 'carol');
    const fetched = away.fetches(new URL(next.id).pathname);
    const forged = { ...move(ann.id, next.id), object: old.id };
    expect(await ask.end(forged, ann)).toMatchObject({
      status: 'rejected',
      reason: 'only an actor itself can move',
    });
    const unfollowed = twinOf(ann, home, 'unfollowed');
    expect((await ask.end(move(unfollowed.id, next.id), unfollowed)).reason).toBe(
      'nobody here follows the actor',
    );
    expect(away.fetches(new URL(next.id).pathname)).toBe(fetched);
    expect(await followsOf('carol')).toEqual([`${old.id} accepted`]);
  });

  test('drags nobody about: for a week neither the old one nor the new one moves them on', async () => {
    const { old, next } = await household('d', 'bob');
    const third = twinOf(bea, away, 'third');
    Object.assign(third.document, { alsoKnownAs: [next.id, old.id] });
    Object.assign(old.document, { alsoKnownAs: [next.id] });
    await ask.end(move(old.id, next.id), old);
    const asked = await away.delivery(
      ({ activity }) => activity.type === 'Follow' && activity.object === next.id,
    );
    await ask.end(accept(next.id, asked.activity as unknown as Sent), next);
    const within = 'the actor, or somebody to it, has moved within the last 7 days';
    for (const target of [third.id, old.id])
      expect(await ask.end(move(next.id, target), next)).toMatchObject({
        status: 'rejected',
        reason: within,
      });
    served.clock.advance(7 * DAY_MS - 1_000);
    expect((await ask.end(move(next.id, third.id), next)).reason).toBe(within);
    served.clock.advance(1_000);
    expect((await ask.end(move(next.id, third.id), next)).status).toBe('processed');
    expect(await followsOf('bob')).toContain(`${third.id} pending`);
  });

  test('leaves where they are those who block the target, and asks nobody twice who follows it already', async () => {
    const { old, next } = await household('e', 'alice', 'bob');
    await served.inbox.actors.block('alice', { actor: next.id });
    const known = await ask.followed('bob', next, away);
    expect((await ask.end(move(old.id, next.id), old)).status).toBe('processed');
    expect(await followsOf('alice')).toContain(`${old.id} accepted`);
    expect(await followsOf('bob')).toContain(`${next.id} pending`);
    expect(await ask.stateOf(known.id)).toBe('pending');
    await served.inbox.domains.block(away.domain, { reason: 'spam' });
    await served.inbox.settled();
    const { old: other } = await household('f', 'carol');
    expect(await ask.end(move(other.id, `${away.origin}/users/new-f`), other)).toMatchObject({
      status: 'rejected',
      reason: `the domain of the target is blocked: ${away.domain}`,
    });
    await served.inbox.domains.unblock(away.domain);
  });

  test('to us is possible, because our actors say who they are elsewhere', async () => {
    const document = (await served.ask('GET', '/users/alice')).json() as Record<string, unknown>;
    expect(document.alsoKnownAs).toEqual(['https://old.example/users/alice']);
    expect((await served.ask('GET', '/users/bob')).json()).not.toHaveProperty('alsoKnownAs');
  });

  test('was never a fault of ours', () => expect(served.errors).toEqual([]));
});
