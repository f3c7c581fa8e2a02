/** Where a stranger can make this server connect to. */

import { isPublicAddress } from '../../../src/remote/address.ts';
import { rsaKey } from '../../fediverse/index.ts';
import { type Attacks, activityOf, must, noteOf, type Stage } from '../attack.ts';
import { PRIVATE_FORMS, watchConnections } from '../connections.ts';
import { addProofKey, proven } from '../document-signature.ts';
import type { WorldOptions } from '../world.ts';
import { canary, DYNAMIC } from './fetch-dynamic.ts';

/** Public addresses only, and in their place the neighbours'; any port, because they have no 443. */
export const guarded: WorldOptions = {
  policy: ({ address }) => ({
    isAnyNameAllowed: false,
    isAddressAllowed: (given) => given === address || isPublicAddress(given),
  }),
};

/** Uses a URL everywhere where a stranger can put one. Nothing may be asked of it. */
async function useEverywhere(stage: Stage, url: string, at: number): Promise<void> {
  const { evil } = stage;
  const { privateKey } = await evil.actor('mallory');
  const ids: string[] = [];
  const send = async (
    what: string,
    body: Record<string, unknown> & { id: string },
    signer: Parameters<Stage['post']>[1],
  ) => {
    const { status } = await stage.post(body, signer);
    must([202, 400, 401].includes(status), `${url} as ${what}: answered ${status}`);
    ids.push(body.id);
  };
  const named = async (name: string) => evil.actor(`${name}-${at}`);
  const like = async () => activityOf(await named('plain'), 'Like');
  await send('keyId', await like(), { keyId: inHeader(`${url}#main-key`), privateKey });
  const keyId = `${evil.origin}/keys/${at}`;
  evil.serve(`/keys/${at}`, { id: keyId, owner: url, publicKeyPem: await rsaKeyPem() });
  await send('owner of a key', await like(), { keyId, privateKey });
  evil.serve(`/redirect/${at}`, (_, response) => response.writeHead(302, { location: encodeURI(url) }).end());
  await send('redirect', await like(), { keyId: `${evil.origin}/redirect/${at}`, privateKey });
  const trapped = await named('trapped');
  trapped.document.inbox = url;
  trapped.document.endpoints = { sharedInbox: url };
  await send('inbox', activityOf(trapped, 'Follow', { object: stage.bob }), trapped);
  const mallory = await named('mallory');
  await send(
    'context',
    { ...activityOf(mallory, 'Like'), '@context': ['https://www.w3.org/ns/activitystreams', url] },
    mallory,
  );
  await send('object', activityOf(mallory, 'Announce', { object: url, target: url, cc: [url] }), mallory);
  await send('actor', { ...activityOf(mallory, 'Like'), actor: url }, mallory);
  await send('id', { ...activityOf(mallory, 'Create'), id: url }, mallory);
  const note = noteOf(await named('author'));
  const key = { ...addProofKey(mallory), id: url };
  await send('key of a proof', proven(note, key, stage.world.served.clock.now()), mallory);
  const signature = {
    type: 'RsaSignature2017',
    creator: url,
    created: '2026-11-25T00:00:00Z',
    signatureValue: 'AAAA',
  };
  await send('creator of a signature', { ...note, signature }, mallory);
  await stage.settled();
}

/** A header field holds bytes: what is not ASCII goes out as UTF-8. */
const inHeader = (text: string): string => Buffer.from(text).toString('latin1');

let pem: string | undefined;
async function rsaKeyPem(): Promise<string> {
  pem ??= (await rsaKey()).publicKeyPem;
  return pem;
}

/** Plays it for all of these; how many places were tried. Used for the published forms, too. */
export async function refuseForms(stage: Stage, forms: readonly string[]): Promise<void> {
  const { served, neighbours } = stage.world;
  for (const [at, form] of forms.entries()) {
    using connections = watchConnections();
    const lookups = neighbours.lookedUp.length;
    await useEverywhere(stage, form, at);
    const elsewhere = connections.elsewhere(served.address, `${neighbours.address}:${neighbours.port}`);
    must(elsewhere.length === 0, `${form}: connections to ${elsewhere.join(', ')}`);
    const names = neighbours.lookedUp.slice(lookups).filter((name) => !name.endsWith('.example'));
    must(names.length === 0, `${form}: ${names.join(', ')} was looked up`);
  }
}

export const fetchAddress: Attacks = {
  async 'SF-02'(stage) {
    for (const id of ['dns-rebind', 'dns-multi-a', 'dns-aaaa-private'] as const) await DYNAMIC[id]?.(stage);
    return 'a name that changes its address, or has a private one beside a public one: only the checked address is dialled';
  },

  async 'SF-01'(stage) {
    const forms =
      stage.world.length === 'long' ? PRIVATE_FORMS : PRIVATE_FORMS.filter((_, at) => at % 3 === 0);
    await using trap = await canary();
    await refuseForms(stage, [...forms, `http://127.0.0.1:${trap.port}/`, `http://[::1]:${trap.port}/`]);
    must(trap.hits() === 0, 'the listener on loopback was reached');
    return `${forms.length + 2} forms in ten places each (keyId, owner, redirect, inbox, context, object …): no connection, no look-up`;
  },

  async 'SF-05'(stage) {
    using connections = watchConnections();
    const { privateKey } = await rsaKey();
    const lookups = stage.neighbours.lookedUp.length;
    const { bob, world } = stage;
    const own = [
      `${bob}#main-key`,
      bob,
      bob.replace('us.example', 'US.example.'),
      bob.replace('us.example', 'us.example:443'),
    ];
    for (const keyId of own) {
      const forged = activityOf({ id: bob }, 'Like');
      stage.expect(await stage.post(forged, { keyId, privateKey }), 401);
      await stage.untouched(forged.id);
    }
    const mallory = await stage.evil.actor('mallory');
    stage.evil.serve('/r', (_, response) => response.writeHead(302, { location: bob }).end());
    stage.expect(
      await stage.post(activityOf(mallory, 'Like'), { ...mallory, keyId: `${stage.evil.origin}/r` }),
      401,
    );
    must(
      !stage.neighbours.lookedUp.slice(lookups).some((name) => name.startsWith('us.example')),
      'our own name was looked up',
    );
    const elsewhere = connections.elsewhere(
      world.served.address,
      `${stage.neighbours.address}:${stage.neighbours.port}`,
    );
    must(elsewhere.length === 0, `connections to ${elsewhere.join(', ')}`);
    return 'four spellings of our own origin, and a redirect to it: no request to ourselves';
  },

  async 'SF-04'(stage) {
    const { inbox, clock } = stage.world.served;
    const mallory = await stage.evil.actor('mallory');
    const body = JSON.stringify(activityOf(mallory, 'Like'));
    const knock = async (n: number, address: string): Promise<number> => {
      const keyId = `${stage.evil.origin}/k/${n}`;
      const headers = stage.signed(Buffer.from(body), { keyId, privateKey: mallory.privateKey });
      const request = new Request('https://us.example/inbox', { method: 'POST', headers, body });
      const { status } = await inbox.fetch(request, { address });
      stage.statuses.push(String(status));
      return status;
    };
    const counts = new Map<number, number>();
    for (let at = 0; at < 400; at += 8)
      for (const status of await Promise.all(
        Array.from({ length: 8 }, (_, n) => knock(at + n, '93.184.216.34')),
      ))
        counts.set(status, (counts.get(status) ?? 0) + 1);
    const fetched = stage.evil.fetches();
    must(fetched <= 301, `${fetched} fetches for one address`);
    must((counts.get(429) ?? 0) >= 99, `answered ${JSON.stringify([...counts])}`);
    must((await knock(1_000, '93.184.216.35')) === 401, 'another address pays for the first');
    must(
      stage.evil.asked.every((line) => line.startsWith('GET ')),
      'something else than GET was asked',
    );
    clock.advance(60_000);
    must((await knock(2_000, '93.184.216.34')) === 401, 'the budget does not come back');
    return `${fetched} GETs for 400 forged keys from one address, then 429; another address is not touched, and time heals`;
  },
};
