/** An activity into the inbox, through the same door as every other, and what became of it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { hash, randomUUID } from 'node:crypto';
import { REFUSED } from '../embed/answer.ts';
import type { Inbox } from '../embed.ts';
import { SallyportError } from '../errors.ts';
import type { House } from '../house.ts';
import type { Logger } from '../options.ts';
import type { Answer, Status } from '../verdict.ts';
import { type Scheme, type SigningKey, signRequest } from '../verify/signature.ts';
import type { Fediverse } from './fediverse.ts';
import { keyPairOfTheKit } from './keys.ts';
import { VOUCHING } from './remote-domain.ts';
import { within } from './within.ts';

/** The two ways in which servers sign. */
export type Dialect = 'cavage' | 'rfc9421';

export interface ReceiveOptions {
  /** A local actor's handle, or the path or URL of an inbox. @default the shared inbox */
  readonly inbox?: string;
  /** Sign for real, with the actor's own key. `true` is `'cavage'`, which most servers send. @default as the box says */
  readonly signed?: boolean | Dialect;
}

/** What became of an activity. */
export interface Reception {
  /** The HTTP answer that its sender had. */
  readonly answer: Answer;
  /** How it stands once its turn is over; null when nothing of it was kept. */
  readonly status: Status | null;
  /** Why it was refused, or stands as it does. */
  readonly reason: string | null;
}

/** An activity as it may be handed in. Text and bytes go in as they are; an object gets a context and an id. */
export type Receivable = Readonly<Record<string, unknown>> | string | Uint8Array;

export interface ReceiveParts {
  readonly inbox: Inbox;
  readonly house: House;
  readonly fediverse: Fediverse;
  readonly refusals: Refusals;
  readonly signed: boolean | Dialect;
}

/** Reads the reasons of refusals from the log, where they stand: peers are not told. */
export interface Refusals {
  readonly logger: Logger;
  /** Runs this, and gives the reason for which the request in it was refused, or null. */
  during<T>(work: () => Promise<T>): Promise<{ readonly result: T; readonly reason: string | null }>;
}

export function createRefusals(logger: Logger): Refusals {
  const current = new AsyncLocalStorage<{ reason: string | null }>();
  return {
    logger: {
      debug: (message, facts) => logger.debug(message, facts),
      warn: (message, facts) => logger.warn(message, facts),
      error: (message, facts) => logger.error(message, facts),
      info(message, facts) {
        const slot = current.getStore();
        if (message === REFUSED && slot !== undefined) slot.reason = String(facts?.reason ?? facts?.type);
        logger.info(message, facts);
      },
    },
    async during(work) {
      const slot = { reason: null };
      const result = await current.run(slot, work);
      return { result, reason: slot.reason };
    },
  };
}

const SCHEMES: Readonly<Record<Dialect, Scheme>> = { cavage: 'draft-cavage', rfc9421: 'rfc9421' };
const CONTEXT = 'https://www.w3.org/ns/activitystreams';
/** Signs for activities that name no actor that could. */
const NOBODY = 'https://nobody.example/users/nobody';

/** Hands an activity in, and waits until its turn is over. */
export async function receive(
  parts: ReceiveParts,
  activity: Receivable,
  options: ReceiveOptions = {},
): Promise<Reception> {
  const { inbox, house, fediverse, refusals } = parts;
  const body = bytesOf(activity);
  const { id, actor } = namesIn(body);
  const signer = actor ?? NOBODY;
  fediverse.meet(signer);
  const path = await pathOf(house, options.inbox ?? '/inbox');
  const dialect = dialectOf(options.signed ?? parts.signed);
  const deliver = async (): Promise<Answer> => {
    const key = dialect === null ? await vouchingKey(signer) : await ownKey(fediverse, signer);
    const scheme = SCHEMES[dialect ?? 'rfc9421'];
    return post(parts, path, body, key, scheme);
  };
  const { result, reason } = await refusals.during(() =>
    dialect === null ? fediverse.vouching(signer, deliver) : deliver(),
  );
  await within(house.turned(), TURN_MS_MAX, 'the turn did not come to its end');
  if (result.status !== 202) return { answer: result, status: null, reason };
  const madeId = `${signer}#sha-256=${hash('sha256', body, 'hex')}`;
  const kept = await inbox.activities.get(id ?? madeId).catch(ifNotThere);
  return { answer: result, status: kept?.status ?? null, reason: kept?.reason ?? null };
}

/** How long a turn may take, in milliseconds of real time. Only a fault of ours makes it that long. */
const TURN_MS_MAX = 15_000;

function dialectOf(signed: boolean | Dialect): Dialect | null {
  if (signed === false) return null;
  return signed === true ? 'cavage' : signed;
}

async function post(
  { inbox, house }: ReceiveParts,
  path: string,
  body: Uint8Array,
  key: SigningKey,
  scheme: Scheme,
): Promise<Answer> {
  const { origin } = house.settings;
  const headers = { 'content-type': 'application/activity+json' };
  const request = { method: 'POST', url: origin + path, headers, body } as const;
  const signed = signRequest(request, key, house.store.clock.now(), scheme);
  const answer = await inbox.handle({
    method: 'POST',
    target: path,
    rawHeaders: Object.entries({ ...signed, 'content-length': String(body.byteLength) }).flat(),
    body: async (bytesMax) => (body.byteLength > bytesMax ? 'too-large' : body),
    address: null,
  });
  return answer ?? { status: 404, headers: {}, body: '' };
}

async function vouchingKey(actor: string): Promise<SigningKey> {
  return { id: actor.replace(/#.*$/s, '') + VOUCHING, ...(await keyPairOfTheKit()) };
}

async function ownKey(fediverse: Fediverse, actor: string): Promise<SigningKey> {
  const met = fediverse.meet(actor);
  if (met === null)
    throw new SallyportError('ERR_INVALID', `${actor} cannot sign`, { hint: 'an actor is an https URL' });
  return met.signer();
}

/** The path of an inbox that is named by a handle, a path or a URL. */
async function pathOf({ locals, settings }: House, name: string): Promise<string> {
  if (name.startsWith('/')) return name;
  if (name.startsWith(`${settings.origin}/`)) return name.slice(settings.origin.length);
  const local = await locals.byHandle(name);
  if (local === null)
    throw new SallyportError('ERR_NOT_FOUND', `there is no local actor ${name}`, {
      hint: 'name it in the actors of createTestInbox',
    });
  return `${local.id.slice(settings.origin.length)}/inbox`;
}

function bytesOf(activity: Receivable): Uint8Array {
  if (activity instanceof Uint8Array) return activity;
  return Buffer.from(typeof activity === 'string' ? activity : JSON.stringify(whole(activity)));
}

/** The activity with a context and an id, where it has none. The id is a new one each time. */
export function whole(activity: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { actor } = activity;
  const origin = typeof actor === 'string' ? URL.parse(actor)?.origin : undefined;
  const id = origin === undefined ? {} : { id: `${origin}/activities/${randomUUID()}` };
  return { '@context': CONTEXT, ...id, ...activity };
}

/** The id and the actor in a body, as far as one can say without JSON-LD. */
function namesIn(body: Uint8Array): { id: string | null; actor: string | null } {
  try {
    const document = JSON.parse(new TextDecoder().decode(body)) as Record<string, unknown>;
    const actor = idOf(document.actor);
    return { id: idOf(document.id), actor: actor !== null && URL.canParse(actor) ? actor : null };
  } catch {
    return { id: null, actor: null };
  }
}

function idOf(value: unknown): string | null {
  const first: unknown = Array.isArray(value) ? value[0] : value;
  const id = typeof first === 'object' && first !== null ? (first as { id?: unknown }).id : first;
  return typeof id === 'string' ? id : null;
}

function ifNotThere(error: unknown): null {
  if (error instanceof SallyportError && error.code === 'ERR_NOT_FOUND') return null;
  throw error;
}
