/** Who may use the admin API: people with bearer tokens and roles. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Moderator, Role } from '../options/server.ts';

/** The person behind a request, as `authorize` finds them. */
export interface Person {
  /** Stands as `by` in the log. */
  readonly name: string;
  readonly role: Role;
}

const RANKS: Record<Role, number> = { viewer: 0, moderator: 1, admin: 2 };

/** Has this role at least the rights of the other one? */
export function covers(role: Role, needed: Role): boolean {
  return RANKS[role] >= RANKS[needed];
}

/** The token of an Authorization header, or null. RFC 6750 2.1 */
export function bearerTokenOf(request: Request): string | null {
  return /^Bearer +(\S+) *$/i.exec(request.headers.get('authorization') ?? '')?.[1] ?? null;
}

/**
 * An `authorize` for `createAdmin` that knows people by their tokens. Tokens are compared by their hashes, all of
 * them and in constant time, so an answer's delay says nothing about a token.
 */
export function authorizeByToken(people: readonly Moderator[]): (request: Request) => Promise<Person | null> {
  const known = people.map(({ name, role, token }) => ({ name, role, hash: hashOf(token) }));
  return async (request) => {
    const token = bearerTokenOf(request);
    if (token === null) return null;
    const hash = hashOf(token);
    let found: Person | null = null;
    for (const person of known) {
      if (timingSafeEqual(person.hash, hash)) found = { name: person.name, role: person.role };
    }
    return found;
  };
}

function hashOf(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
