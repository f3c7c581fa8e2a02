/** The last thing that an actor says: that it is gone. Its server has to agree, and says nothing else for it any more. */
import type { ServerResponse } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { deleteSelf, like, type RemoteActor, type RemoteDomain, type Sent } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, type Served, serve } from './served.ts';

const NOTE = `${ORIGIN}/notes/1`;
const status = (code: number) => (_: unknown, response: ServerResponse) => response.writeHead(code).end();

describe.each(places)('the Delete of itself by an actor that we know ($name)', (place) => {
  let served: Served;
  let far: RemoteDomain;
  beforeAll(async () => {
    served = await serve(place);
    far = await served.remote();
  }, PATIENCE);
  afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

  /** An actor who has been heard here before. */
  async function friend(name: string): Promise<RemoteActor> {
    const actor = await far.actor(name);
    expect((await served.post('/inbox', like(actor.id, NOTE), actor)).status).toBe(202);
    return actor;
  }
  async function post(activity: Sent, signer: RemoteActor) {
    const reply = await served.post('/inbox', activity, signer);
    await served.inbox.settled();
    const [record] = (await served.inbox.activities.list({ activityId: activity.id })).items;
    return [reply.status, record?.status];
  }

  test('is believed when its server says that it is gone, and nothing else is that it signs', async () => {
    const ann = await friend('ann');
    far.serve('/users/ann', status(410));
    expect(await post(deleteSelf(ann.id), ann)).toEqual([202, 'processed']);
    expect(await post(like(ann.id, NOTE), ann)).toEqual([401, undefined]);
    expect(await post({ ...deleteSelf(ann.id), id: `${ann.id}#again` }, ann)).toEqual([202, 'processed']);
    expect(far.fetches('/users/ann')).toBe(2);
  });

  test('is believed while its server still lists the key, or cannot be asked', async () => {
    const bea = await friend('bea');
    expect(await post(deleteSelf(bea.id), bea)).toEqual([202, 'processed']);
    const cem = await friend('cem');
    far.serve('/users/cem', status(503));
    expect(await post(deleteSelf(cem.id), cem)).toEqual([202, 'processed']);
  });

  test('is not believed when its server knows nothing of it, or lists another key', async () => {
    const dan = await friend('dan');
    far.serve('/users/dan', status(404));
    expect(await post(deleteSelf(dan.id), dan)).toEqual([401, undefined]);
    const eve = await friend('eve');
    await far.rotate(eve);
    expect(await post(deleteSelf(eve.id), eve)).toEqual([401, undefined]);
  });

  test('is not passed over because the relay that brings it is unknown', async () => {
    const fay = await friend('fay');
    far.serve('/users/fay', status(410));
    const relay = await (await served.remote()).actor('relay');
    expect((await served.post('/inbox', deleteSelf(fay.id), relay)).status).toBe(202);
    await served.inbox.settled();
    const { items } = await served.inbox.activities.list({ type: 'Delete', domain: far.domain });
    expect(items.filter(({ actor }) => actor === fay.id)).toHaveLength(1);
  });
});
