/** Signatures between us and a real peer: RFC 9421 in both directions, and draft-cavage where only that is read. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createInbox, type Inbox } from '../../src/index.ts';
import { toNodeHandler } from '../../src/web/node.ts';
import { databases } from '../databases.ts';
import { PUBLIC } from '../fediverse/index.ts';
import type { Fedify } from './fedify.ts';
import type { Signing } from './fedify-server.ts';
import { NEIGHBOURHOOD_MS, type Neighbourhood, openNeighbourhood } from './neighbourhood.ts';

// One database is enough: what is proven here is not about it.
const [kind] = databases;

describe('signatures between us and Fedify', () => {
  let neighbourhood: Neighbourhood;
  let fedify: Fedify;
  let inbox: Inbox;
  let alice: string;

  beforeAll(async () => {
    neighbourhood = await openNeighbourhood(kind as (typeof databases)[number]);
    fedify = neighbourhood.fedify;
    inbox = createInbox({ ...neighbourhood.options, actors: { alice: {} }, authorizedFetch: true });
    await inbox.start();
    neighbourhood.door.serve(toNodeHandler(inbox));
    alice = `${inbox.origin}/users/alice`;
  }, NEIGHBOURHOOD_MS);
  afterAll(async () => {
    await inbox?.close();
    await neighbourhood?.[Symbol.asyncDispose]();
  });

  /** What was POSTed to Fedify about this follow: how it was signed, and what Fedify said. */
  const knocks = async (followId: string) =>
    (await fedify.ask('posted'))
      .filter(({ body }) => body.includes(followId))
      .map(({ hasSignatureInput, status }) => `${hasSignatureInput ? 'rfc9421' : 'draft-cavage'} ${status}`);
  const send = (change: Partial<Signing> = {}): Promise<number> =>
    fedify.ask('signed', {
      ...{ as: 'dora', to: `${alice}/inbox`, whose: `${inbox.origin}/notes/1`, spec: 'rfc9421' },
      ...change,
    });

  test('Fedify verifies our Accept, signed by RFC 9421, at the first knock', async () => {
    const followId = await fedify.ask('follow', { as: 'dora', whom: alice });
    expect(await fedify.arrival(({ object }) => object === followId)).toMatchObject({ type: 'Accept' });
    await inbox.settled();
    expect(await knocks(followId)).toEqual(['rfc9421 202']);
  });

  test('Fedify verifies our Accept, signed by draft-cavage, when it reads nothing else, and gets it once', async () => {
    await fedify.ask('readRfc9421', false);
    const first = await fedify.ask('follow', { as: 'emil', whom: alice });
    await fedify.arrival(({ object }) => object === first);
    await inbox.settled();
    expect(await knocks(first)).toEqual(['rfc9421 401', 'draft-cavage 202']);
    expect(fedify.arrivals.filter(({ object }) => object === first)).toHaveLength(1);
    // Remembered, until it is refused.
    const second = await fedify.ask('follow', { as: 'frida', whom: alice });
    await fedify.arrival(({ object }) => object === second);
    await inbox.settled();
    expect(await knocks(second)).toEqual(['draft-cavage 202']);
    await fedify.ask('readRfc9421', true);
  });

  test('we verify what Fedify signs, by RFC 9421 and by the draft', async () => {
    expect(await send()).toBe(202);
    expect(await send({ spec: 'draft-cavage-http-signatures-12' })).toBe(202);
    const components = ['@method', '@target-uri', 'content-type'];
    expect(await send({ rfc9421: { components, nonce: 'a "b" \\c', expires: true, label: 'x' } })).toBe(202);
    expect(await send({ rfc9421: { components: ['@method', '@authority', '@path'] } })).toBe(202);
  });

  test('where our documents are for those who sign, Fedify reads them when it signs, until it is blocked', async () => {
    const { object } = await inbox.send('alice', { type: 'Note', content: 'For you', to: PUBLIC });
    const url = object as string;
    expect(await fedify.ask('fetchAs', { as: null, url })).toContain('401');
    expect(await fedify.ask('fetchAs', { as: 'dora', url })).toBe('Note');
    expect(await fedify.ask('fetchAs', { as: 'dora', url: `${alice}/followers` })).toBe('OrderedCollection');
    expect(await fedify.ask('fetchAs', { as: null, url: alice })).toBe('Person');
    await inbox.domains.block(fedify.domain, { reason: 'for a moment' });
    await inbox.settled();
    expect(await fedify.ask('fetchAs', { as: 'dora', url })).toContain('403');
    await inbox.domains.unblock(fedify.domain);
    await inbox.settled();
    expect(await fedify.ask('fetchAs', { as: 'dora', url })).toBe('Note');
  });

  test('we refuse what Fedify signed when it was changed, or covers too little', async () => {
    expect(await send({ tamper: { header: ['date', new Date(0).toUTCString()] } })).toBe(401);
    expect(await send({ tamper: { body: '{"type":"Undo"}' } })).toBe(401);
    expect(await send({ rfc9421: { components: ['@method', '@authority'] } })).toBe(401);
    expect(await send({ rfc9421: { components: ['@target-uri'] } })).toBe(401);
    // Other bytes under the same label.
    expect(await send({ tamper: { header: ['signature', 'sig1=:AAAA:'] } })).toBe(401);
  });
});
