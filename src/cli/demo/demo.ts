/**
 * `sallyport start --demo`: the server on a database of its own, and a Fediverse in a child process that sends real
 * signed HTTP. Ids over plain http are understood and fetches may reach 127.0.0.1, which the `.localhost` names of
 * the demo stand for, and no other address.
 */
import { type ChildProcess, fork } from 'node:child_process';
import type { Environment } from '../../options/environment.ts';
import { configurationError } from '../../options.ts';
import { readConfiguration } from '../configuration.ts';
import { runServer } from '../server.ts';
import { complain, DONE, print } from '../verb.ts';
import { banner } from './banner.ts';
import { createLiveLog } from './live-log.ts';
import type { Arrived, Begin } from './message.ts';
import { takePlace } from './place.ts';

/** What the demo is unless the environment says otherwise. */
const ENVIRONMENT: Environment = {
  SALLYPORT_ACTORS: 'alice,bob,carol:locked',
  SALLYPORT_RATE_LIMIT: '20/10s',
};
const MORE_PORTS = 50;
const LOOPBACK = '127.0.0.1';

export async function runDemo(environment: Environment = process.env): Promise<number> {
  const { DATABASE_URL: unused, ...rest } = environment;
  const read = await readConfiguration({ ...ENVIRONMENT, ...rest }, process.cwd());
  if (read.faults.length > 0) throw configurationError(read.faults);
  const note = 'the demo has a database of its own; DATABASE_URL is not used';
  const log = createLiveLog();
  const place = takePlace(read.options.dataDirectory ?? '.sallyport');
  process.once('exit', place.leave);
  // The embedded database takes seconds to make, and silence looks like a fault.
  complain('sallyport: making a database and a Fediverse for the demo; a slow machine takes a while …');
  const fediverse = startFediverse();
  fediverse.on('message', (message) => log.arrived(message as Arrived));

  try {
    const server = await runServer(
      {
        ...read,
        warnings: unused ? [...read.warnings, note] : read.warnings,
        options: {
          ...read.options,
          database: undefined,
          dataDirectory: place.directory,
          allowPrivateAddress: true,
          logger: log.logger,
        },
      },
      {
        morePorts: environment.SALLYPORT_LISTEN ? 0 : MORE_PORTS,
        // Names under `.localhost` are never looked up; every other name leads nowhere.
        parts: { policy: { isAddressAllowed: (address) => address === LOOPBACK, resolve: async () => [] } },
        signals: ['SIGHUP'],
        watch: log.watch,
        beforeOpen: log.attach,
      },
    );
    if (server === null) return DONE;
    print(banner(server));
    log.open();
    server.stopping.addEventListener('abort', () => end(fediverse), { once: true });
    fediverse.once('exit', () => {
      if (!server.stopping.aborted) log.logger.error('the simulated Fediverse has ended');
    });
    fediverse.send({ origin: server.inbox.origin, url: server.url } satisfies Begin);
    await server.ended;
    return DONE;
  } finally {
    end(fediverse);
    log.close();
    place.leave();
  }
}

function startFediverse(): ChildProcess {
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'));
  return fork(new URL(`./fediverse${extension}`, import.meta.url), {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
}

/** It ends by itself when the channel closes. */
function end(fediverse: ChildProcess): void {
  if (fediverse.connected) fediverse.disconnect();
}
