/**
 * Fedify as its documentation sets it up on Node: @hono/node-server, MemoryKvStore, either no queue or the
 * InProcessMessageQueue, and a handler that writes one row with pg. The row has no body, and a Follow gets no Accept:
 * both are less than Sallyport does. Its actor's key pair is made once and kept, which spares it importing one.
 */
import { once } from 'node:events';
import {
  createFederation,
  generateCryptoKeyPair,
  InProcessMessageQueue,
  MemoryKvStore,
} from '@fedify/fedify';
import { Activity, Person } from '@fedify/fedify/vocab';
import { serve } from '@hono/node-server';
import { Pool } from 'pg';
import { answerAsks } from './child.ts';
import { loopDelayVerbs } from './loop-delay.ts';
import { CONNECTIONS, HANDLE, type UnderTest } from './under-test.ts';

const { port, database, hasQueue } = JSON.parse(process.argv[2] as string) as UnderTest & {
  hasQueue: boolean;
};
const pool = new Pool({ connectionString: database, max: CONNECTIONS });

const federation = createFederation<void>({
  kv: new MemoryKvStore(),
  ...(hasQueue ? { queue: new InProcessMessageQueue() } : {}),
  // The remote domains are loopback addresses.
  allowPrivateAddress: true,
});

const keyPairs = [await generateCryptoKeyPair('RSASSA-PKCS1-v1_5')];

// A POST to an actor's own inbox needs its keys, for fetches in its name.
federation
  .setActorDispatcher('/users/{identifier}', (context, identifier) =>
    identifier === HANDLE
      ? new Person({
          id: context.getActorUri(identifier),
          preferredUsername: identifier,
          inbox: context.getInboxUri(identifier),
        })
      : null,
  )
  .setKeyPairsDispatcher((_, identifier) => (identifier === HANDLE ? keyPairs : []));

federation.setInboxListeners('/users/{identifier}/inbox', '/inbox').on(Activity, async (_, activity) => {
  await pool.query({
    name: 'received',
    text: 'insert into received (activity_id, type, actor, object) values ($1, $2, $3, $4)',
    values: [activity.id?.href, activity.constructor.name, activity.actorId?.href, activity.objectId?.href],
  });
});

const server = serve({
  fetch: (request) => federation.fetch(request, { contextData: undefined }),
  port,
  hostname: '127.0.0.1',
});
if (!server.listening) await once(server, 'listening');
answerAsks(loopDelayVerbs);
process.send?.({ ready: true });
