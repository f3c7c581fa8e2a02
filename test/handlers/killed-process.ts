/** A process whose handler commits a row, and which is killed inside of the transaction or right after its COMMIT. */
import type { Activity, Handler } from '../../src/api.ts';
import { createHandlers } from '../../src/handlers.ts';
import { openStore } from '../../src/store/store.ts';

const [database = '', origin = '', when] = process.argv.slice(2);
const logger = { debug() {}, info() {}, warn() {}, error() {} };
const store = await openStore({ database, dataDirectory: '', origin, logger });
const die = (): Promise<never> => {
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
};
const handlers = createHandlers({
  ...{ settings: { logger, origin }, store },
  desk: {
    followRequest: () => ({ accept: async () => undefined, reject: async () => undefined }),
    send: async () => undefined,
  },
});
handlers.add({
  ...{ name: 'one', type: null },
  handler: (async ({ id }, { transaction }) => {
    await transaction(async (tx) => {
      await tx.execute('insert into liked (id) values ($1)', [id]);
      if (when === 'inside') await die();
    });
    await die();
  }) satisfies Handler<Activity> as never,
});
await handlers.start();
