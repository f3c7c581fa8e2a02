/** A service that embeds the inbox ends on a signal, with the server in front of it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { createInbox } from '../../src/index.ts';
import { shutdownOn, toNodeHandler } from '../../src/web/node.ts';

test('a signal closes the inbox, its server, and the connections that would keep the process alive', async () => {
  const inbox = createInbox({ origin: 'https://social.example', dataDirectory: 'memory://' });
  const server = createServer(toNodeHandler(inbox)).listen(0, '127.0.0.1');
  using _ = shutdownOn(inbox, ['SIGUSR2'], server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const visitor = connect(port, '127.0.0.1');
  // A request that never comes to its end: Node alone would wait for it.
  visitor.write('GET /healthz HTTP/1.1\r\nHost: social.example\r\n');
  await once(server, 'connection');
  const closed = once(server, 'close');
  process.emit('SIGUSR2', 'SIGUSR2');
  await Promise.all([closed, once(visitor, 'close')]);
  expect(server.listening).toBe(false);
  await expect(inbox.start()).rejects.toMatchObject({ code: 'ERR_CLOSED' });
});
