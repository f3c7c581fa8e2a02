/** Names that are long, but not too long: together they may be more than an index of the database takes. */
import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { CONTEXT, like, type RemoteActor } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, serve } from './served.ts';

const NOTE = `${ORIGIN}/notes/1`;
/** Nothing that compression could make short. */
const noise = (length: number): string => randomBytes(length).toString('base64url').slice(0, length);

test.each(places)(
  'ids that no index takes together are refused at the door, and leave no dead letter ($name)',
  async (place) => {
    await using served = await serve(place);
    const remote = await served.remote();
    const ann = await remote.actor(noise(1_400));
    const bob = await remote.actor('bob');
    const long = (length: number) => `${remote.origin}/${noise(length)}`;
    const by = (actor: RemoteActor, type: string, more: object) => ({
      ...{ '@context': CONTEXT, id: long(20), type, actor: actor.id, ...more },
    });
    const note = (more: object) => ({ type: 'Note', id: long(1_400), ...more });
    const statuses: number[] = [];
    for (const [actor, activity] of [
      [bob, by(bob, 'Like', { id: long(1_400), object: long(1_400) })],
      [ann, by(ann, 'Announce', { object: long(1_400) })],
      [ann, by(ann, 'Delete', { object: long(1_400) })],
      [ann, by(ann, 'Undo', { object: { id: long(1_400), type: 'Like', object: NOTE } })],
      [bob, by(bob, 'Undo', { object: { id: long(1_400), type: 'Like', object: long(1_400) } })],
      [bob, by(bob, 'Create', { object: note({ inReplyTo: long(1_400) }) })],
      [ann, by(ann, 'Delete', { object: ann.id })],
    ] as const)
      statuses.push((await served.post('/inbox', activity as never, actor)).status);
    await served.inbox.settled();
    expect(served.errors).toEqual([]);
    expect((await served.inbox.dead.list()).items).toEqual([]);
    expect(new Set(statuses)).toEqual(new Set([400]));
    expect((await served.post('/inbox', like(bob.id, NOTE), bob)).status).toBe(202);
  },
  PATIENCE,
);

test.each(places)(
  'a key whose id no index takes is none, and spoils nobody else’s first request ($name)',
  async (place) => {
    await using served = await serve(place);
    const remote = await served.remote();
    const odd = await remote.actor('odd');
    const letters = Array.from(randomBytes(1_900), (byte) => String.fromCharCode(0xa1 + (byte % 0x5e)));
    const keyId = `${odd.id}#${letters.join('')}`;
    odd.document = {
      ...odd.document,
      publicKey: { id: keyId, owner: odd.id, publicKeyPem: odd.publicKeyPem },
    };
    const others = await Promise.all(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => remote.actor(name)));
    const [first, ...rest] = await Promise.all(
      [{ ...odd, keyId }, ...others].map((actor) => served.post('/inbox', like(actor.id, NOTE), actor)),
    );
    expect(served.errors).toEqual([]);
    expect(first?.status).toBe(401);
    expect(rest.map(({ status }) => status)).toEqual(others.map(() => 202));
  },
  PATIENCE,
);
