/** Server processes on one database that are killed now and then, and a sender who does not give up for that. */
import { createChance } from '../../benchmarks/kill/chance.ts';
import { openPostOffice, type Stamped } from '../../benchmarks/kill/post-office.ts';
import { type Place, type ServerProcess, startServer } from '../../benchmarks/kill/server-process.ts';
import { ORIGIN } from './wire.ts';

export interface Fleet extends AsyncDisposable {
  /** Any server that is up. */
  server(): Promise<ServerProcess>;
  /** Sends until there is an answer; what was on its way when a server died is sent again. */
  send(stamped: Stamped): Promise<number>;
  /** Kills one of them at some time in so many sends from now; it comes up again. */
  killWithin(sends: number): void;
  readonly kills: number;
}

/** Starts so many servers on one place. Embedded databases bear one. */
export async function startFleet(place: Place, journal: string, size: number, seed: number): Promise<Fleet> {
  const chance = createChance(seed);
  const office = openPostOffice();
  const start = (): Promise<ServerProcess> => startServer({ place, origin: ORIGIN, journal });
  const servers: Promise<ServerProcess>[] = [];
  for (let count = 0; count < size; count++) servers.push(start());
  await Promise.all(servers);
  let kills = 0;
  let sendsUntilKill = Number.POSITIVE_INFINITY;

  function kill(): void {
    sendsUntilKill = Number.POSITIVE_INFINITY;
    kills++;
    const which = Math.floor(chance.between(0, size));
    servers[which] = (servers[which] as Promise<ServerProcess>).then(async (server) => {
      await server.kill();
      return start();
    });
  }
  const server = (): Promise<ServerProcess> => chance.one(servers);

  return {
    server,
    async send(stamped) {
      for (;;) {
        const { address } = await server();
        const sent = office.send(address, stamped);
        if (--sendsUntilKill <= 0) kill();
        const outcome = await sent;
        if (outcome !== null && outcome < 500) return outcome;
      }
    },
    killWithin(sends) {
      sendsUntilKill = Math.ceil(chance.between(0, sends));
    },
    get kills() {
      return kills;
    },
    async [Symbol.asyncDispose]() {
      office.close();
      for (const running of servers) await (await running).kill();
    },
  };
}
