/**
 * What the demo shows: verdicts at the door, activities at their end, transitions of the machines, and what arrives
 * at the other side. A burst is one line and a count.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Inbox } from '../../embed.ts';
import type { Logger } from '../../options.ts';
import type { HandlesRaw } from '../../web/node.ts';
import { plain } from '../page.ts';
import { paint } from '../paint.ts';
import { print } from '../verb.ts';
import type { Arrived } from './message.ts';

export interface LiveLog {
  /** For `createInbox`: refusals come from here, and what goes wrong. */
  readonly logger: Logger;
  /** Sees every request that goes to the inbox. */
  watch(inbox: HandlesRaw): HandlesRaw;
  /** Listens to the machines and the activities. */
  attach(inbox: Inbox): void;
  arrived(message: Arrived): void;
  /** Lines wait until the banner has been shown. */
  open(): void;
  close(): void;
}

/** Equal lines within this time are one line and a count. */
const SAME_MS = 1_500;

export function createLiveLog(): LiveLog {
  /** The domain that the request under way claims to come from. */
  const claimed = new AsyncLocalStorage<string>();
  const repeated = new Map<string, { count: number; timer: NodeJS.Timeout }>();
  let waiting: string[] | null = [];

  function write(line: string): void {
    if (waiting === null) print(line);
    else waiting.push(line);
  }

  /** Says it, unless the same was said a moment ago; then says how often. */
  function say(what: string, subject: string, text: string, style = ''): void {
    const key = `${what} ${subject} ${text}`;
    const before = repeated.get(key);
    if (before !== undefined) return void before.count++;
    const line = (more: string): string => {
      const time = paint(new Date().toTimeString().slice(0, 8), 'dim');
      return `${time}  ${what.padEnd(9)}  ${plain(subject).padEnd(36)}  ${paint(plain(text), style)}${more}`;
    };
    write(line(''));
    const timer = setTimeout(() => {
      const { count } = repeated.get(key) as { count: number };
      repeated.delete(key);
      if (count > 0) write(line(paint(`  and ${count} more`, 'dim')));
    }, SAME_MS);
    repeated.set(key, { count: 0, timer });
  }

  return {
    logger: {
      debug: () => undefined,
      info(message, facts = {}) {
        if (message === 'a mailbox rests')
          return say('delivery', String(facts.domain), `waits: ${facts.error}`);
        if (message === 'a filter stopped an activity')
          return say(
            'filter',
            String(facts.filter),
            `${facts.verdict} ${shortOf(String(facts.activityId))}: ${facts.reason}`,
          );
        const domain = claimed.getStore();
        if (message !== 'a request was refused' || domain === undefined) return;
        const { status, type, reason, retryAfterSeconds } = facts;
        const why = reason === undefined ? type : `${type}: ${reason}`;
        const retry =
          retryAfterSeconds === undefined ? '' : ` (again in ${Math.ceil(Number(retryAfterSeconds))} s)`;
        say(`door ${status}`, domain, `${why}${retry}`, status === 429 ? 'rate-limited' : 'blocked');
      },
      warn: (message, facts) => say('warning', message, factsOf(facts), 'rate-limited'),
      error: (message, facts) => say('error', message, factsOf(facts), 'failed'),
    },
    watch: (inbox) => ({
      handle(request) {
        if (request.method !== 'POST') return inbox.handle(request);
        const domain = claimedDomain(request.rawHeaders);
        return claimed.run(domain, async () => {
          const answer = await inbox.handle(request);
          if (answer?.status === 202) say('door 202', domain, 'accepted', 'accepted');
          return answer;
        });
      },
    }),
    attach(inbox) {
      for (const machine of ['domain', 'follow-request'] as const) {
        inbox.onTransition(machine, ({ key, from, to, reason, by }) => {
          const why = [...(reason === null ? [] : [reason]), ...(by === null ? [] : [`by ${by}`])];
          const how = why.length === 0 ? '' : ` (${why.join(', ')})`;
          say(machine === 'domain' ? 'domain' : 'follow', shortOf(key), `${from ?? 'new'} → ${to}${how}`, to);
        });
      }
      inbox.on(
        '*',
        ({ type, actor, object, status }) => {
          say(
            'activity',
            shortOf(actor.uri),
            `${type} ${object === null ? '' : shortOf(object.uri)} ${status}`,
          );
        },
        { name: 'live-log' },
      );
    },
    arrived({ domain, type, actor, isGenuine }) {
      say('answer', domain, `got ${type} from ${shortOf(actor)}, signature ${isGenuine ? 'right' : 'wrong'}`);
    },
    open() {
      for (const line of waiting ?? []) print(line);
      waiting = null;
    },
    close() {
      for (const { timer } of repeated.values()) clearTimeout(timer);
      repeated.clear();
    },
  };
}

/** The domain of the key that a signature of either kind names; nothing is proven by it. */
function claimedDomain(rawHeaders: readonly string[]): string {
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    if (!/^signature(-input)?$/i.test(rawHeaders[at] as string)) continue;
    const [, keyId = ''] = /keyId="([^"]{1,500})"/i.exec(rawHeaders[at + 1] as string) ?? [];
    const claimed = URL.parse(keyId)?.hostname;
    if (claimed !== undefined) return claimed;
  }
  return 'somebody';
}

/** `wren@birds.localhost` for an actor, host and path for anything else. */
function shortOf(uri: string): string {
  const url = URL.parse(uri);
  if (url === null) return uri;
  const [, name, rest] = /^\/users\/([^/]+)(\/.*)?$/.exec(url.pathname) ?? [];
  if (name === undefined) return `${url.hostname}${url.pathname}`;
  return `${name}@${url.hostname}${rest ?? ''}`;
}

function factsOf(facts: Readonly<Record<string, unknown>> = {}): string {
  return Object.entries(facts)
    .map(([name, value]) => `${name}: ${value}`)
    .join(', ');
}
