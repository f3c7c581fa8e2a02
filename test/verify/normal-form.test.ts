/** The normal form, as the head of `normal-form.ts` promises it. */
import { expect, test } from 'vitest';
import { understand } from '../../src/verify/document.ts';
import { create } from '../fediverse/activities.ts';

const AS = 'https://www.w3.org/ns/activitystreams';
const ANA = 'https://remote.example/users/ana';
const BASE = { '@context': AS, id: `${ANA}#1`, type: 'Update', actor: ANA };

/** Through JSON, as handlers get it. */
async function normalOf(change: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>> {
  const answer = await understand({ ...BASE, ...change });
  if ('problem' in answer) throw new Error(answer.problem);
  return JSON.parse(JSON.stringify(answer.normal));
}

test('names are those of ActivityStreams, security and LDP; others are absolute', async () => {
  const normal = await normalOf({
    '@context': [
      AS,
      'https://w3id.org/security/v1',
      { toot: 'http://joinmastodon.org/ns#', votersCount: 'toot:votersCount' },
    ],
    object: {
      id: ANA,
      type: ['Person', 'toot:Robot'],
      inbox: `${ANA}/inbox`,
      endpoints: { sharedInbox: 'https://remote.example/inbox' },
      publicKey: { id: `${ANA}#main-key`, owner: ANA, publicKeyPem: 'PEM' },
      votersCount: 3,
    },
  });
  expect(normal).toEqual({
    id: `${ANA}#1`,
    type: 'Update',
    actor: ANA,
    object: {
      id: ANA,
      type: ['Person', 'http://joinmastodon.org/ns#Robot'],
      inbox: `${ANA}/inbox`,
      endpoints: { sharedInbox: 'https://remote.example/inbox' },
      publicKey: { id: `${ANA}#main-key`, owner: ANA, publicKeyPem: 'PEM' },
      'http://joinmastodon.org/ns#votersCount': 3,
    },
  });
});

test('one value stands alone, several in an array, none not at all', async () => {
  expect(
    await normalOf({ to: [ANA], cc: [ANA, `${ANA}/x`], bto: [], bcc: null, attachment: [null] }),
  ).toEqual({
    id: `${ANA}#1`,
    type: 'Update',
    actor: ANA,
    to: ANA,
    cc: [ANA, `${ANA}/x`],
  });
});

test('properties that no context defines are gone', async () => {
  const normal = await normalOf({
    shoeSize: 42,
    object: { type: 'Note', _misskey_quote: 'x', content: 'y' },
  });
  expect(normal).toEqual({ ...BASE, '@context': undefined, object: { type: 'Note', content: 'y' } });
});

test.each([
  'as:Public',
  'Public',
  `${AS}#Public`,
])('Public has one spelling, also when it came as %s', async (id) => {
  expect(await normalOf({ to: id, object: { type: 'Note', cc: [id, ANA] } })).toMatchObject({
    to: `${AS}#Public`,
    object: { cc: [`${AS}#Public`, ANA] },
  });
});

test('a text in languages is a map, and the text without a language stands beside it', async () => {
  expect(await normalOf({ content: 'Hi', contentMap: { en: 'Hello', de: 'Hallo' } })).toMatchObject({
    content: 'Hi',
    contentMap: { en: 'Hello', de: 'Hallo' },
  });
  expect(await normalOf({ nameMap: { en: 'Hello', de: 'Hallo' } })).toMatchObject({
    nameMap: { en: 'Hello', de: 'Hallo' },
  });
  expect((await normalOf({ nameMap: { en: 'Hello' } })).name).toBe('Hello');
  expect(await normalOf({ '@context': [AS, { '@language': 'und' }], content: 'Hi' })).toMatchObject({
    content: 'Hi',
    contentMap: { und: 'Hi' },
  });
});

test('numbers, booleans and times are what they were', async () => {
  const normal = await normalOf({
    published: '2026-11-24T13:37:00Z',
    startIndex: 0,
    'as:sensitive': false,
    'as:latitude': -1.5,
  });
  expect(normal).toMatchObject({
    published: '2026-11-24T13:37:00Z',
    startIndex: 0,
    sensitive: false,
    latitude: -1.5,
  });
});

test('a list keeps its order', async () => {
  const items = [`${ANA}/3`, `${ANA}/1`, `${ANA}/2`];
  expect(await normalOf({ object: { type: 'OrderedCollection', orderedItems: items } })).toMatchObject({
    object: { type: 'OrderedCollection', orderedItems: items },
  });
});

test('no property hides another one: what would get the same name keeps its IRI', async () => {
  const others = [
    'https://w3id.org/security#actor',
    'http://www.w3.org/ns/ldp#object',
    `${AS}#id`,
    `${AS}#type`,
    `${AS}#contentMap`,
    `${AS}#inbox`,
    `${AS}#owner`,
  ];
  const normal = await normalOf(Object.fromEntries(others.map((iri) => [iri, 'other'])));
  expect(normal).toEqual({
    ...BASE,
    '@context': undefined,
    ...Object.fromEntries(others.map((iri) => [iri, 'other'])),
  });
});

test('JSON literals and the graphs of proofs are gone', async () => {
  const normal = await normalOf({
    '@context': [
      AS,
      'https://w3id.org/security/data-integrity/v1',
      { data: { '@id': 'https://x.example/data', '@type': '@json' } },
    ],
    data: { id: 'https://evil.example/' },
    proof: { type: 'DataIntegrityProof', proofValue: 'z' },
  });
  expect(Object.keys(normal).sort()).toEqual(['actor', 'id', 'type']);
});

test('a Mastodon post is read whole', async () => {
  const post = create(ANA, {
    mentions: ['https://us.example/users/bob'],
    inReplyTo: 'https://us.example/notes/1',
  });
  const note = post.object as Record<string, unknown>;
  expect(await normalOf(post)).toMatchObject({
    type: 'Create',
    published: post.published,
    object: {
      id: note.id,
      type: 'Note',
      inReplyTo: 'https://us.example/notes/1',
      attributedTo: ANA,
      content: note.content,
      contentMap: { en: note.content },
      sensitive: false,
      'http://ostatus.org#conversation': note.conversation,
      tag: { type: 'Mention', href: 'https://us.example/users/bob', name: '@bob' },
      replies: { type: 'Collection', first: { type: 'CollectionPage' } },
    },
  });
});

test('slips of real servers cost nothing but themselves: null ids, and terms that are defined by nonsense', async () => {
  const context = [
    AS,
    {
      capabilities: { announce: { '@type': '@id' }, like: { '@type': '@id' } },
      toot: 'http://joinmastodon.org/ns#',
      blurhash: 'toot:blurhash',
    },
  ];
  expect(
    await normalOf({
      '@context': context,
      object: { id: null, type: 'Note', content: 'x', blurhash: 'y', capabilities: { like: ANA } },
    }),
  ).toMatchObject({
    object: { type: 'Note', content: 'x', 'http://joinmastodon.org/ns#blurhash': 'y' },
  });
});

test('contexts within contexts cost no more than others', async () => {
  let service: Record<string, unknown> = { type: 'Multikey' };
  for (let level = 0; level < 27; level++) service = { service, type: 'Multikey' };
  const before = process.cpuUsage();
  await normalOf({ '@context': [AS, 'https://www.w3.org/ns/cid/v1'], service: Array(120).fill(service) });
  const { user, system } = process.cpuUsage(before);
  // It took eight seconds; now 0.2.
  expect(user + system).toBeLessThan(2_000_000);
});
