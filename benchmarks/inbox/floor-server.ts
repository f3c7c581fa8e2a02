/**
 * The bare floor: node:http, node:crypto, pg, and no framework. It reads the body, compares the Digest header with it,
 * builds the signing string from the listed headers, verifies with an imported key that it keeps for ever, parses the
 * JSON, and inserts one row in a commit of its own before it answers 202.
 *
 * It does not: ask that any header be signed, look at the Date, bind the key to the actor, look at ids, read JSON-LD,
 * know duplicates, domains, blocks or limits, bound the body or any cache, queue, retry, deliver. No peer: a bound.
 */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Pool } from 'pg';
import { answerAsks } from './child.ts';
import { loopDelayVerbs } from './loop-delay.ts';
import { CONNECTIONS, type UnderTest } from './under-test.ts';

const { port, database } = JSON.parse(process.argv[2] as string) as UnderTest;
const pool = new Pool({ connectionString: database, max: CONNECTIONS });
const keys = new Map<string, Promise<KeyObject>>();

async function fetchKey(keyId: string): Promise<KeyObject> {
  const response = await fetch(keyId, { headers: { accept: 'application/activity+json' } });
  const { publicKey } = (await response.json()) as { publicKey: { publicKeyPem: string } };
  return createPublicKey(publicKey.publicKeyPem);
}

function keyOf(keyId: string): Promise<KeyObject> {
  const known = keys.get(keyId) ?? fetchKey(keyId);
  keys.set(keyId, known);
  return known;
}

async function accept(request: IncomingMessage): Promise<number> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  const { headers, method = '', url = '' } = request;
  const digest = `SHA-256=${createHash('sha256').update(body).digest('base64')}`;
  if (headers.digest !== digest) return 401;
  const parameters = Object.fromEntries(
    [...String(headers.signature).matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
  ) as Record<string, string>;
  const lines = (parameters.headers ?? '').split(' ').map((name) => {
    if (name === '(request-target)') return `${name}: ${method.toLowerCase()} ${url}`;
    return `${name}: ${headers[name]}`;
  });
  const key = await keyOf(parameters.keyId ?? '');
  const signature = Buffer.from(parameters.signature ?? '', 'base64');
  if (!verify('sha256', Buffer.from(lines.join('\n')), key, signature)) return 401;
  const text = body.toString();
  const { id, type, actor } = JSON.parse(text) as { id: string; type: string; actor: string };
  await pool.query({
    name: 'received',
    text: 'insert into received (activity_id, type, actor, body) values ($1, $2, $3, $4)',
    values: [id, type, actor, text],
  });
  return 202;
}

const server = createServer((request: IncomingMessage, response: ServerResponse) => {
  accept(request).then(
    (status) => response.writeHead(status).end(),
    (error: unknown) => response.writeHead(500).end(String(error)),
  );
});
server.listen(port, '127.0.0.1');
await once(server, 'listening');
answerAsks(loopDelayVerbs);
process.send?.({ ready: true });
