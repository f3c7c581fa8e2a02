/** Sends signed POSTs over connections that are kept, and knows of each whether it was answered. */
import { Agent, request } from 'node:http';
import { bytesOf, type Sent, type Signer, signedHeaders } from '../../test/fediverse/index.ts';

/** A request that is ready to go. */
export interface Stamped {
  readonly inbox: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** What became of a request: the status of its answer, or null when none came. */
export type Outcome = number | null;

export interface PostOffice {
  /** Sends to a server at `host:port`. */
  send(address: string, stamped: Stamped): Promise<Outcome>;
  /** Requests that have been handed to the network whole and have no answer yet. */
  readonly unanswered: ReadonlySet<Stamped>;
  close(): void;
}

/** An answer that takes longer is none, in milliseconds. */
const PATIENCE_MS = 30_000;

export function stamp(inbox: string, activity: Sent, signer: Signer): Stamped {
  const body = bytesOf(activity);
  return { inbox, body, headers: signedHeaders('POST', inbox, body, signer) };
}

export function openPostOffice(): PostOffice {
  const agent = new Agent({ keepAlive: true, maxSockets: 256 });
  const unanswered = new Set<Stamped>();
  return {
    send(address, stamped) {
      const { inbox, headers, body } = stamped;
      const [hostname, port] = address.split(':');
      const sent = { ...headers, 'content-length': body.byteLength };
      return new Promise((resolve) => {
        const end = (outcome: Outcome): void => {
          unanswered.delete(stamped);
          resolve(outcome);
        };
        const outgoing = request({
          ...{ method: 'POST', hostname, port, agent, headers: sent, timeout: PATIENCE_MS },
          path: new URL(inbox).pathname,
        });
        outgoing.on('finish', () => unanswered.add(stamped));
        outgoing.on('timeout', () => outgoing.destroy(new Error('no answer')));
        outgoing.on('error', () => end(null));
        outgoing.on('response', (response) => {
          // The head of the answer is the acknowledgement, whatever becomes of its body.
          end(response.statusCode ?? 0);
          response.on('error', () => undefined).resume();
        });
        outgoing.end(body);
      });
    },
    unanswered,
    close: () => agent.destroy(),
  };
}
