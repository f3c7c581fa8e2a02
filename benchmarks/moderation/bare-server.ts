/** The floor of a refusal: node:http answers every request with the very 403 that Sallyport gives. No peer: a bound. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { answerOf } from '../../src/verdict.ts';
import { answerAsks } from '../inbox/child.ts';

const { port } = JSON.parse(process.argv[2] as string) as { port: number };
const { status, headers, body } = answerOf({ type: 'blocked', domain: 'blocked.example' });
const server = createServer((request, response) => {
  request.resume();
  response.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(body as string) }).end(body);
});
server.listen(port, '127.0.0.1');
await once(server, 'listening');
answerAsks({});
process.send?.({ ready: true });
