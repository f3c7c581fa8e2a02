/** Whose outgoing mailbox a letter lies in decides who can hold it up. */
import { expect, test } from 'vitest';
import { follow, PUBLIC } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, serve } from './served.ts';

const ALICE = `${ORIGIN}/users/alice`;

test.each(places)(
  'a follower that names the shared inbox of another server holds up nobody’s letters there ($name)',
  async (place) => {
    await using served = await serve(place);
    const remotes = [await served.remote(), await served.remote()];
    const [evil, home] = remotes.toSorted((a, b) => (a.domain < b.domain ? -1 : 1)) as typeof remotes &
      [(typeof remotes)[0], (typeof remotes)[0]];
    evil.answer(500);
    const ann = await home.actor('ann');
    const [eve, mallory] = [await evil.actor('eve'), await evil.actor('mallory')];
    eve.document = { ...eve.document, endpoints: { sharedInbox: `${home.origin}/inbox` } };
    for (const actor of [ann, eve, mallory])
      expect((await served.post('/inbox', follow(actor.id, ALICE), actor)).status).toBe(202);
    await served.inbox.settled();
    await served.inbox.actors.send('alice', {
      ...{ type: 'Note', content: 'Good morning', to: [PUBLIC], cc: [`${ALICE}/followers`] },
    });
    await served.inbox.settled();
    const creates = home.received.filter(({ activity }) => activity.type === 'Create');
    expect(creates.map(({ path }) => path)).toEqual(['/inbox']);
  },
  PATIENCE,
);
