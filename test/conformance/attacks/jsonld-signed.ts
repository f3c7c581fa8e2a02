/** Signatures on documents that somebody else passes on, and documents built to say two things under one signature. */
import { type Attacks, activityOf, must, noteOf, ORIGIN, type RemoteActor, type Stage } from '../attack.ts';
import { addProofKey, ldSigned, proven } from '../document-signature.ts';

type Document = Record<string, unknown> & { readonly id: string };

const AS = 'https://www.w3.org/ns/activitystreams';
const SECURITY = 'https://w3id.org/security/v1';

/** What a relay passes on must have no effect in the name of its author. */
async function notTrusted(
  stage: Stage,
  document: Document,
  relay: RemoteActor,
  ids: readonly string[],
): Promise<void> {
  const { status } = await stage.post(document, relay);
  must([202, 400, 401].includes(status), `answered ${status}`);
  for (const id of ids) await stage.untouched(id);
}

const now = (stage: Stage): number => stage.world.served.clock.now();

/** An activity of alice's with her linked-data signature, and the relay that passes it on. */
async function signedByAlice(stage: Stage, more: Readonly<Record<string, unknown>> = {}) {
  const alice = await stage.victim.actor('alice');
  const relay = await stage.relay.actor('relay');
  const plain = { ...noteOf(alice), '@context': [AS, SECURITY], ...more };
  return { alice, relay, plain, signed: await ldSigned(plain, alice, now(stage)) };
}

export const jsonldSigned: Attacks = {
  async 'LD-01'(stage) {
    const { alice, relay, plain, signed } = await signedByAlice(stage);
    const { '@context': context, signature, object, ...rest } = signed;
    const other = { ...activityOf(alice, 'Delete', { object: object.id }), '@context': context };
    const inGraph = { ...other, signature, '@graph': [{ ...rest, object }] };
    const onlyGraph = { '@context': context, signature, '@graph': [{ ...rest, object }] };
    const reversed = { ...object, '@context': context, signature, '@reverse': { object: rest } };
    for (const document of [inGraph, onlyGraph, reversed])
      await notTrusted(stage, document as never, relay, [plain.id, other.id, object.id as string]);
    const tampered = { ...signed, object: { ...object, content: 'Altered.' } };
    await notTrusted(stage, tampered, relay, [plain.id]);
    const whole = await stage.post(signed, relay);
    stage.expect(whole, 202);
    await stage.processed(plain.id);
    return 'moved into @graph or turned round with @reverse it is worth nothing; as it was signed it is processed';
  },

  async 'LD-02'(stage) {
    const { relay, plain, signed } = await signedByAlice(stage);
    const { signature, object, ...rest } = signed;
    const aliases: readonly [unknown, string][] = [
      [[AS, SECURITY, { graph: '@graph' }], 'graph'],
      [[AS, SECURITY, { a: 'b', b: '@graph' }], 'a'],
      [[AS, SECURITY, { a: { '@id': '@graph' } }], 'a'],
      [[AS, SECURITY, { Wrap: { '@id': 'as:Wrap', '@context': { inside: '@included' } } }], 'inside'],
      [[AS, SECURITY, { back: { '@reverse': 'as:object' } }], 'back'],
      [[AS, SECURITY, { inc: '@included' }], 'inc'],
    ];
    for (const [context, alias] of aliases) {
      const document = {
        ...rest,
        '@context': context,
        object,
        signature,
        [alias]: [{ ...object, content: 'Altered.' }],
      };
      await notTrusted(stage, document, relay, [plain.id]);
      const nested = {
        ...rest,
        '@context': context,
        signature,
        object: { ...object, [alias]: { id: `${plain.id}#x` } },
      };
      await notTrusted(stage, nested, relay, [plain.id]);
    }
    return `${aliases.length} ways to give a keyword another name, at the top and inside: none is trusted`;
  },

  async 'LD-04'(stage) {
    const { alice, relay, plain, signed } = await signedByAlice(stage);
    const smuggled = [{ ...activityOf(alice, 'Follow', { object: stage.bob }) }];
    await notTrusted(stage, { ...signed, '@included': smuggled }, relay, [
      plain.id,
      smuggled[0]?.id as string,
    ]);
    const own = { ...activityOf(alice, 'Like'), '@included': smuggled };
    stage.expect(await stage.post(own, alice), 400);
    await stage.untouched(own.id);
    await stage.untouched(smuggled[0]?.id as string);
    return 'refused under a linked-data signature, and under an HTTP signature of its actor as well';
  },

  async 'LD-05'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const url = `${stage.evil.origin}/c`;
    let answers = 0;
    stage.evil.serve('/c', (_, response) => {
      const term = answers++ === 0 ? 'as:object' : 'as:actor';
      response
        .writeHead(200, { 'content-type': 'application/ld+json' })
        .end(JSON.stringify({ '@context': { as: `${AS}#`, who: { '@id': term, '@type': '@id' } } }));
    });
    const alice = await stage.victim.actor('alice');
    const relay = await stage.relay.actor('relay');
    const own = { ...activityOf(mallory, 'Like'), '@context': [AS, url], who: alice.id };
    stage.expect(await stage.post(own, mallory), 202, 400, 401);
    const theirs = { ...activityOf(alice, 'Like'), '@context': [AS, url, SECURITY] };
    await notTrusted(stage, await ldSigned(theirs, mallory, now(stage)), relay, [theirs.id]);
    must(answers === 0, `the context was fetched ${answers} times`);
    const given = stage.world.handled.find(({ id }) => id === own.id);
    must(given === undefined || given.actor.uri === mallory.id, `handlers were told of ${given?.actor.uri}`);
    return 'the context was never fetched, and its term means nothing to anybody';
  },

  async 'LD-19'(stage) {
    const { alice, relay, plain } = await signedByAlice(stage);
    const size = 8;
    const clique = Array.from({ length: size }, (_, one) => ({
      id: `_:b${one}`,
      type: 'Note',
      tag: Array.from({ length: size }, (_, other) => ({ id: `_:b${other}` })).filter(
        (_, other) => other !== one,
      ),
    }));
    const startedMs = performance.now();
    const signature = {
      type: 'RsaSignature2017',
      creator: alice.keyId,
      created: '2026-11-25T00:00:00Z',
      signatureValue: 'AAAA',
    };
    await notTrusted(stage, { ...plain, tag: clique, signature }, relay, [plain.id]);
    const own = { ...activityOf(alice, 'Like'), tag: clique, signature };
    const { status } = await stage.post(own, alice);
    must(status === 202 || status === 400, `with the signature of its actor: answered ${status}`);
    must(performance.now() - startedMs < 10_000, 'it took more than ten seconds');
    return 'a clique of blank nodes is refused in bounded time, and costs its own actor nothing';
  },

  async 'LD-22'(stage) {
    const alice = await stage.victim.actor('alice');
    const relay = await stage.relay.actor('relay');
    const key = addProofKey(alice);
    const numbers = [0, -0, 0.1, 1e21, 1e-7, 2 ** 53, 1e308, 5e-324, -1.5, 333333333.3333333, 4.5, 2e-3];
    const plain = noteOf(alice, {
      content: 'Numbers.',
      'as:numbers': numbers,
      name: 'é\u2028\u0080😀"\\/\b',
    });
    const signed = proven(plain, key, now(stage));
    stage.expect(await stage.post(signed, relay), 202);
    await stage.processed(plain.id);
    for (const [text, other] of [
      ['1e+21', '1000000000000000000001'],
      ['0.1', '0.1000000000000000055511151231257827'],
    ] as const) {
      const again = noteOf(alice, { 'as:numbers': numbers });
      const body = JSON.stringify(proven(again, key, now(stage))).replace(text, other);
      must(body.includes(other), `${text} is not in the body`);
      // Another spelling of the same double is the same number.
      stage.expect(await stage.post(body, relay), 202);
      await stage.processed(again.id);
    }
    const changed = noteOf(alice, { 'as:numbers': numbers });
    const body = JSON.stringify(proven(changed, key, now(stage))).replace('4.5', '4.500000000000001');
    await notTrusted(stage, JSON.parse(body), relay, [changed.id]);
    const huge = JSON.stringify(activityOf(alice, 'Like', { duration: 7 })).replace(':7', ':1e400');
    stage.expect(await stage.post(huge, alice), 400);
    return `${numbers.length} numbers verify in every spelling of the same double; another double does not; 1e400 is refused`;
  },

  async 'LD-25'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const relay = await stage.relay.actor('relay');
    const plain = { ...noteOf(alice), '@context': [AS, SECURITY] };
    await notTrusted(stage, await ldSigned(plain, mallory, now(stage)), relay, [plain.id]);
    await notTrusted(stage, await ldSigned(plain, mallory, now(stage)), mallory, [plain.id]);
    await notTrusted(stage, await ldSigned(plain, { ...mallory, keyId: alice.keyId }, now(stage)), mallory, [
      plain.id,
    ]);
    const owner = `${stage.evil.origin}/key`;
    stage.evil.serve('/key', { id: owner, type: 'Key', owner: alice.id, publicKeyPem: mallory.publicKeyPem });
    await notTrusted(stage, await ldSigned(plain, { ...mallory, keyId: owner }, now(stage)), relay, [
      plain.id,
    ]);
    return "a signature by somebody else's key, under either key's name, or one that claims the author as its owner";
  },

  async 'LD-26'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const relay = await stage.relay.actor('relay');
    const [hers, his] = [addProofKey(alice), addProofKey(mallory)];
    const hour = 3_600_000;
    const good = (note: Document) => proven(note, hers, now(stage));
    const bad: readonly (readonly [string, (note: ReturnType<typeof noteOf>) => Document])[] = [
      ["somebody else's key", (note) => proven(note, his, now(stage))],
      ['her key by name only', (note) => proven(note, { ...his, id: hers.id }, now(stage))],
      ['on the inner object only', (note) => ({ ...note, object: proven(note.object, hers, now(stage)) })],
      [
        'two of them',
        (note) => ({ ...note, proof: [good(note).proof, proven(note, his, now(stage)).proof] }),
      ],
      ['an unknown suite', (note) => proven(note, hers, now(stage), { cryptosuite: 'eddsa-rdfc-2022' })],
      ['another type', (note) => proven(note, hers, now(stage), { type: 'Ed25519Signature2020' })],
      ['another purpose', (note) => proven(note, hers, now(stage), { proofPurpose: 'authentication' })],
      [
        'expired',
        (note) => proven(note, hers, now(stage), { expires: new Date(now(stage) - hour).toISOString() }),
      ],
      ['from the future', (note) => proven(note, hers, now(stage) + 24 * hour)],
      ['altered', (note) => ({ ...good(note), published: '2026-01-01T00:00:00Z' })],
      ['without its value', (note) => ({ ...note, proof: { ...good(note).proof, proofValue: 'z' } })],
    ];
    for (const [what, make] of bad) {
      const note = noteOf(alice);
      const { status } = await stage.post(make(note), relay);
      must([202, 400, 401].includes(status), `${what}: answered ${status}`);
      const record = await stage.record(note.id);
      must(record === null || record.status === 'rejected', `${what}: ${record?.status}`);
      must(stage.handledTimes(note.id) === 0, `${what}: handled`);
    }
    const note = noteOf(alice);
    stage.expect(await stage.post(good(note), relay), 202);
    await stage.processed(note.id);
    return `${bad.length} proofs that prove nothing: none trusted; the good one is processed`;
  },
};

export { ORIGIN };
