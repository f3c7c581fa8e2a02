/**
 * The server that is killed: `sallyport start` as it is, with one handler of an application, which writes down the id
 * of each activity that it was told of. It writes to a file, because what it wrote must outlive the kill.
 */
import { appendFileSync } from 'node:fs';
import { readConfiguration } from '../../src/cli/configuration.ts';
import { runServer } from '../../src/cli/server.ts';

const journal = process.argv[2] as string;

// Whoever started it holds the other end of stdin: without them it has no reason to be.
process.stdin
  .on('close', () => process.kill(process.pid, 'SIGKILL'))
  .resume()
  .unref();

const running = await runServer(await readConfiguration(process.env, process.cwd()), {
  beforeOpen(inbox) {
    inbox.on('*', ({ id }) => appendFileSync(journal, `${id}\n`), { name: 'journal' });
  },
});
await running?.ended;
