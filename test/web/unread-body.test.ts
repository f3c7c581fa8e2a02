/** The adapter to node:http: what becomes of the connection of a request that was refused before its body was read. */
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { toNodeHandler } from '../../src/web/node.ts';

let server: Server;
beforeAll(async () => {
  const refusal = { status: 403, headers: {}, body: 'no' };
  server = createServer(toNodeHandler({ handle: async () => refusal }));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Sends POSTs of so many bytes one after the other on one connection; the answers until it is ended or all have come. */
async function answersTo(bytes: number, times: number): Promise<string[]> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').setEncoding('latin1');
  const answers: string[] = [];
  for (let at = 0; at < times && !socket.destroyed; at++) {
    const head = `POST /inbox HTTP/1.1\r\nHost: us.example\r\nContent-Length: ${bytes}\r\n\r\n`;
    socket.write(head + 'x'.repeat(bytes));
    answers.push(
      await new Promise<string>((resolve) => socket.once('data', (text) => resolve(String(text)))),
    );
    if (/connection: close/i.test(answers.at(-1) as string)) break;
  }
  socket.destroy();
  return answers;
}

test('a short body is read away, and the next request comes on the same connection', async () => {
  const answers = await answersTo(65_536, 3);
  expect(answers).toHaveLength(3);
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*no$/);
});

test('a longer one ends its connection, so that nobody reads a megabyte for nothing', async () => {
  const answers = await answersTo(65_537, 3);
  expect(answers).toHaveLength(1);
  expect(answers[0]).toMatch(/connection: close/i);
});
