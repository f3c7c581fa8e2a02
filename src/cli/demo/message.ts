/** What the demo and its simulated Fediverse, a process of its own, say to each other. */

/** To the Fediverse: the server is open, begin. */
export interface Begin {
  /** Its public origin: what is signed for. */
  readonly origin: string;
  /** Where to connect. */
  readonly url: string;
}

/** From the Fediverse: something of the server's arrived at an inbox there. */
export interface Arrived {
  readonly domain: string;
  readonly type: string;
  readonly actor: string;
  /** Whether the signature is right, by the key in the actor's own document. */
  readonly isGenuine: boolean;
}
