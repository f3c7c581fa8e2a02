/** Servers and name servers that change their answers: each case by the name that the published vectors give it. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { rsaKey } from '../../fediverse/index.ts';
import { activityOf, must, type Stage } from '../attack.ts';
import { watchConnections } from '../connections.ts';

/** A listener on loopback that counts who comes. */
export async function canary(): Promise<{ port: number; hits(): number } & AsyncDisposable> {
  let hits = 0;
  const servers: Server[] = [];
  let port = 0;
  for (const host of ['127.0.0.1', '::1']) {
    const server = createServer((socket) => {
      hits++;
      socket.destroy();
    });
    const isThere = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false));
      server.listen(port, host, () => resolve(true));
    });
    if (!isThere) continue;
    port = (server.address() as { port: number }).port;
    servers.push(server);
  }
  return {
    port,
    hits: () => hits,
    async [Symbol.asyncDispose]() {
      for (const server of servers) {
        server.close();
        await once(server, 'close');
      }
    },
  };
}

type Case = (stage: Stage) => Promise<void>;

/** Redirects of one fetch that are followed, and the first request. */
const REQUESTS_MAX = 5;

/** A forged post whose key would be at this URL: refused, and connections only to the neighbours. */
async function knock(stage: Stage, keyId: string): Promise<void> {
  const { neighbours, world } = stage;
  const { privateKey } = await rsaKey();
  using connections = watchConnections();
  stage.expect(
    await stage.post(activityOf({ id: `${stage.evil.origin}/users/m` }, 'Like'), { keyId, privateKey }),
    401,
  );
  const elsewhere = connections.elsewhere(world.served.address, `${neighbours.address}:${neighbours.port}`);
  must(elsewhere.length === 0, `${keyId}: connections to ${elsewhere.join(', ')}`);
}

let count = 0;

/** A name whose look-ups give these addresses, one list after the other; a listener waits on loopback. */
async function names(stage: Stage, answers: (port: number) => readonly (readonly string[])[]): Promise<void> {
  await using trap = await canary();
  const name = `names-${++count}.example`;
  const lists = answers(trap.port);
  let asked = 0;
  stage.neighbours.answerFor(name, () =>
    (lists[Math.min(asked++, lists.length - 1)] as readonly string[]).map((address) => {
      return { address, family: address.includes(':') ? 6 : 4 };
    }),
  );
  for (let n = 0; n < 3; n++) {
    await knock(stage, `http://${name}:${stage.neighbours.port}/key/${n}`);
    await knock(stage, `http://${name}:${trap.port}/key/${n}`).catch((error: Error) => {
      // The neighbours' address has nobody at the trap's port; only loopback would be a hit.
      if (!error.message.includes(`${stage.neighbours.address}:${trap.port}`)) throw error;
      must(!/127\.0\.0\.1|::1/.test(error.message), error.message);
    });
  }
  must(trap.hits() === 0, `${name}: loopback was reached`);
}

const to = (stage: Stage, path: string, location: string): void =>
  stage.evil.serve(path, (_, response) => response.writeHead(302, { location }).end());

export const DYNAMIC: Readonly<Record<string, Case>> = {
  'dns-rebind': (stage) => names(stage, () => [[stage.neighbours.address], ['127.0.0.1']]),
  'dns-multi-a': (stage) =>
    names(stage, () => [
      [stage.neighbours.address, '127.0.0.1'],
      ['127.0.0.1', '10.0.0.1'],
    ]),
  'dns-aaaa-private': (stage) => names(stage, () => [['::1', stage.neighbours.address]]),

  async 'redirect-private'(stage) {
    await using trap = await canary();
    const locations = [
      'http://169.254.169.254/',
      `http://127.0.0.1:${trap.port}/`,
      `http://[::ffff:7f00:1]:${trap.port}/`,
    ];
    for (const [at, location] of [...locations, '//127.0.0.1/'].entries()) {
      to(stage, `/private/${at}`, location);
      await knock(stage, `${stage.evil.origin}/private/${at}`);
    }
    must(trap.hits() === 0, 'loopback was reached');
  },

  async 'redirect-scheme'(stage) {
    for (const [at, location] of [
      'file:///etc/passwd',
      'data:application/activity+json,{}',
      'gopher://a.example/',
      'x',
    ].entries()) {
      to(stage, `/scheme/${at}`, location);
      await knock(stage, `${stage.evil.origin}/scheme/${at}`);
    }
  },

  async 'redirect-loop'(stage) {
    to(stage, '/loop', '/loop');
    to(stage, '/here', '/there');
    to(stage, '/there', '/here');
    const before = stage.evil.fetches();
    for (const path of ['/loop', '/here']) await knock(stage, `${stage.evil.origin}${path}`);
    must(stage.evil.fetches() - before <= 2 * REQUESTS_MAX, `${stage.evil.fetches() - before} requests`);
  },

  async 'redirect-chain-1000'(stage) {
    for (let n = 0; n < 1_000; n++) to(stage, `/chain/${n}`, `/chain/${n + 1}`);
    const before = stage.evil.fetches();
    await knock(stage, `${stage.evil.origin}/chain/0`);
    must(stage.evil.fetches() - before <= REQUESTS_MAX, `${stage.evil.fetches() - before} requests`);
  },

  async 'redirect-cross-host-signed'(stage) {
    const seen: string[] = [];
    const keep = (request: { headers: Readonly<Record<string, string | string[] | undefined>> }): void =>
      void seen.push(String(request.headers.signature ?? 'none'));
    stage.evil.serve('/signed', (request, response) => {
      keep(request);
      response.writeHead(302, { location: `${stage.relay.origin}/signed` }).end();
    });
    stage.relay.serve('/signed', (request, response) => {
      keep(request);
      response.writeHead(404).end();
    });
    await knock(stage, `${stage.evil.origin}/signed`);
    must(seen.length >= 2, `${seen.length} requests`);
    must(seen[0] === 'none' || !seen.slice(1).includes(seen[0] as string), 'the signature was carried on');
  },

  async 'redirect-keeps-id'(stage) {
    const id = `${stage.victim.origin}/users/moved`;
    const keyId = `${id}#main-key`;
    const { privateKey, publicKeyPem } = await rsaKey();
    stage.victim.serve('/users/moved', (_, response) =>
      response.writeHead(302, { location: `${stage.evil.origin}/users/moved` }).end(),
    );
    const publicKey = { id: keyId, owner: id, publicKeyPem };
    stage.evil.serve('/users/moved', { id, type: 'Person', inbox: `${id}/inbox`, publicKey });
    const forged = activityOf({ id }, 'Like');
    stage.expect(await stage.post(forged, { keyId, privateKey }), 401);
    await stage.untouched(forged.id);
  },

  async 'neg-cache'(stage) {
    const { privateKey } = await rsaKey();
    const keyId = `${stage.evil.origin}/users/nobody#main-key`;
    for (let n = 0; n < 100; n++) {
      const forged = activityOf({ id: `${stage.evil.origin}/users/nobody` }, 'Like');
      stage.expect(await stage.post(forged, { keyId, privateKey }), 401);
    }
    must(stage.evil.fetches('/users/nobody') === 1, `${stage.evil.fetches('/users/nobody')} fetches`);
  },

  async 'pre-auth-fetch'(stage) {
    const { inbox, clock } = stage.world.served;
    const { privateKey } = await rsaKey();
    await inbox.domains.block(stage.relay.name, { reason: 'spam' });
    await inbox.settled();
    const ask = async (keyId: string, address: string): Promise<number> => {
      const body = JSON.stringify(activityOf({ id: `${stage.evil.origin}/u` }, 'Like'));
      const headers = stage.signed(Buffer.from(body), { keyId, privateKey });
      const request = new Request('https://us.example/inbox', { method: 'POST', headers, body });
      const { status } = await inbox.fetch(request, { address });
      stage.statuses.push(String(status));
      return status;
    };
    clock.advance(120_000);
    for (let n = 0; n < 350; n++) await ask(`${stage.evil.origin}/pre/${n}`, '93.184.216.40');
    must(stage.evil.fetches() <= 300, `${stage.evil.fetches()} fetches for one source`);
    must(
      (await ask(`${stage.relay.origin}/pre`, '93.184.216.41')) === 403,
      'a blocked domain was not refused at once',
    );
    must(stage.relay.fetches() === 0, 'a blocked domain was asked');
  },
};
