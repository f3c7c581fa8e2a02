/** What attacks are played against: a whole inbox over TCP, its neighbours, its log, and what its handlers saw. */
import type { Activity } from '../../src/api.ts';
import type { Parts } from '../../src/house.ts';
import type { Inbox } from '../../src/index.ts';
import type { InboxOptions, Logger } from '../../src/options.ts';
import type { DatabaseKind } from '../databases.ts';
import { type Served, serve } from '../inbox/served.ts';
import { type Neighbours, openNeighbours } from './neighbours.ts';

/** One structured line of the log. */
export interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

/** How much of the heavy attacks is played. */
export type Length = 'short' | 'long';

export interface World extends AsyncDisposable {
  readonly kind: DatabaseKind;
  readonly length: Length;
  readonly served: Served;
  readonly neighbours: Neighbours;
  readonly log: readonly LogLine[];
  /** Every activity that the handlers were given, in order. */
  readonly handled: readonly Activity[];
  /** Statements so far that write. */
  readonly writes: number;
}

export interface WorldOptions {
  readonly options?: Partial<InboxOptions>;
  readonly parts?: Omit<Parts, 'policy' | 'observe'>;
  /** Rules for outgoing calls, beside a resolver that knows the neighbours only. */
  readonly policy?: (neighbours: Neighbours) => NonNullable<Parts['policy']>;
  readonly prepare?: (inbox: Inbox) => void;
  readonly length?: Length;
}

/** The line of a refusal: `answer.ts` writes one for each. */
export const REFUSED = 'a request was refused';

export async function openWorld(kind: DatabaseKind, more: WorldOptions = {}): Promise<World> {
  const neighbours = await openNeighbours();
  const log: LogLine[] = [];
  const handled: Activity[] = [];
  const write =
    (level: LogLine['level']) =>
    (message: string, facts: Readonly<Record<string, unknown>> = {}): void =>
      void log.push({ level, message, facts });
  const logger: Logger = {
    ...{ debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') },
  };
  let writes = 0;
  const observe = (statement: string): void => {
    const written = statement.matchAll(/\b(?:insert into|update|delete from) "?(\w+)/gi);
    // Handlers and outgoing mailboxes renew their leases whether anything comes or not.
    if ([...written].some(([, table = '']) => !/^(consumer|outgoing|set|skip)$/i.test(table))) writes++;
  };
  const served = await serve(
    { kind },
    { logger, actors: { alice: {}, bob: {}, carol: { locked: true } }, ...more.options },
    (inbox) => {
      inbox.on('*', (activity) => void handled.push(activity), { name: 'witness' });
      more.prepare?.(inbox);
    },
    { policy: { ...neighbours.policy, ...more.policy?.(neighbours) }, observe, ...more.parts },
  );
  return {
    ...{ kind, length: more.length ?? 'short', served, neighbours, log, handled },
    get writes() {
      return writes;
    },
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      await neighbours[Symbol.asyncDispose]();
    },
  };
}
