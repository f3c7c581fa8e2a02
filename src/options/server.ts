/** What `sallyport start` needs to know besides the options of `createInbox`: where to listen, and who may come in. */
import type { Fault } from '../options.ts';
import type { Environment, FromEnvironment } from './environment.ts';

/** What a person may do: look; decide; everything. Each has the rights of the one before. */
export type Role = 'viewer' | 'moderator' | 'admin';

/** Somebody with a token of their own. `name` stands as `by` in the log. */
export interface Moderator {
  readonly name: string;
  readonly role: Role;
  readonly token: string;
}

/** Where a server listens. */
export interface Listen {
  readonly host: string;
  /** 0 picks a free one. */
  readonly port: number;
}

export interface ServerOptions {
  readonly listen: Listen;
  /** A place of its own for the admin API and the metrics, or null for the main one. */
  readonly adminListen: Listen | null;
  /** Null makes a new one at each start. */
  readonly adminToken: string | null;
  readonly moderators: readonly Moderator[];
}

/** Where the server listens when nobody says otherwise. */
export const DEFAULT_LISTEN: Listen = { host: '127.0.0.1', port: 4680 };

export function readServerEnvironment(environment: Environment): FromEnvironment<ServerOptions> {
  const faults: Fault[] = [];
  const get = (name: string): string | undefined => environment[name]?.trim() || undefined;
  const adminToken = get('SALLYPORT_ADMIN_TOKEN') ?? null;
  if (adminToken !== null && /\s/.test(adminToken)) {
    faults.push({ option: 'SALLYPORT_ADMIN_TOKEN', value: '(not shown)', problem: 'has a space in it' });
  }
  const options: ServerOptions = {
    listen: listenOf('SALLYPORT_LISTEN', get('SALLYPORT_LISTEN'), faults) ?? DEFAULT_LISTEN,
    adminListen: listenOf('SALLYPORT_ADMIN_LISTEN', get('SALLYPORT_ADMIN_LISTEN'), faults),
    adminToken,
    moderators: moderatorsOf(get('SALLYPORT_MODERATORS'), faults),
  };
  return { options, faults };
}

function listenOf(name: string, text: string | undefined, faults: Fault[]): Listen | null {
  if (text === undefined) return null;
  const match = /^(\[[0-9a-f:.]+\]|[^:\s]*):(\d{1,5})$/i.exec(text);
  if (match !== null && Number(match[2]) <= 65_535) {
    return { host: (match[1] as string).replace(/^\[|\]$/g, ''), port: Number(match[2]) };
  }
  faults.push({ option: name, value: text, problem: 'not host:port, such as 127.0.0.1:4680 or [::1]:4680' });
  return null;
}

function moderatorsOf(text: string | undefined, faults: Fault[]): Moderator[] {
  const moderators: Moderator[] = [];
  for (const part of text?.split(',') ?? []) {
    const [name = '', role = '', ...rest] = part.trim().split(':');
    const token = rest.join(':');
    // The part holds a token, so a fault shows the name alone.
    const fault = (problem: string): void => {
      faults.push({ option: 'SALLYPORT_MODERATORS', value: name, problem });
    };
    if (!/^[\w.@-]{1,64}$/.test(name)) fault('not name:role:TOKEN with a plain name');
    else if (role !== 'viewer' && role !== 'moderator' && role !== 'admin') {
      fault('has a role that is none of viewer, moderator, admin');
    } else if (token === '' || /\s/.test(token)) {
      fault('has no token, or one with a space');
    } else if (moderators.some((other) => other.name === name)) fault('is named twice');
    else moderators.push({ name, role, token });
  }
  return moderators;
}
