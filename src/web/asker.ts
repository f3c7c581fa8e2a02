/** Who asks for a document, and what that one may see. */

import { isMember } from '../store/members.ts';
import type { Store } from '../store/store.ts';
import type { Refusal } from '../verdict.ts';

/** Whoever asks for a document, as far as anybody looks. */
export interface Asker {
  /** A header field of the request, by its name in lower case. */
  header(name: string): string | undefined;
  /** The id of our own actor that asks, by the service's own login; null for nobody. */
  owner(): Promise<string | null>;
  /** The id of the actor that signed the request; null when nobody did; a refusal when it is not to be believed. */
  signer(): Promise<string | null | Refusal>;
}

/** Nobody in particular. */
export const ANYBODY: Asker = {
  header: () => undefined,
  owner: async () => null,
  signer: async () => null,
};

/** Whom something is for. */
export interface Audience {
  readonly owner: string;
  readonly isPublic: boolean;
  /** Everybody that it names. */
  readonly addressees: readonly string[];
}

/** May this actor (null: nobody in particular) read it: for everybody, its own, addressed to it or to those it is among? */
export async function mayRead(
  store: Store,
  { owner, isPublic, addressees }: Audience,
  reader: string | null,
): Promise<boolean> {
  if (isPublic) return true;
  if (reader === null) return false;
  if (reader === owner || addressees.includes(reader)) return true;
  const followers = `${owner}/followers`;
  return addressees.includes(followers) && isMember(store, followers, reader);
}

/** The ids in the addressing of a document of ours. */
export function addresseesOf({ to, cc, audience }: Readonly<Record<string, unknown>>): string[] {
  return [to, cc, audience].flat().filter((id) => typeof id === 'string');
}
