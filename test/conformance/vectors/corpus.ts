/**
 * Real activities, each sent as a signed request from its own host, which is given another name for each document so
 * that it can be reached and no two documents share an id. An id that was scrubbed or is missing is filled in on the
 * actor's host. An activity whose id is on another host, or whose actor is no URL, is refused and listed.
 */
import type { DatabaseKind } from '../../databases.ts';
import type { RemoteActor } from '../../fediverse/index.ts';
import { activityOf, openStage, type Stage } from '../attack.ts';
import { bytesOf, filesOf, isPresent } from '../material.ts';
import type { Neighbours } from '../neighbours.ts';
import type { Counted } from '../table.ts';
import { openWorld } from '../world.ts';

export type Json = Record<string, unknown>;

/** What became of one document. */
interface Replayed {
  readonly file: string;
  readonly software: string;
  readonly status: number;
  /** How the activity stands in the end; null when it was refused. */
  readonly end: string | null;
  readonly reason: string;
}

/** At most so many are refused: those that are no activity of who signs them. */
const REFUSED_MAX = 9;
/** Documents with an actor that are no activities. */
export const OBJECTS = /^(Note|Article|Page|Question|Video)$/;
export const isUrl = (value: unknown): value is string =>
  typeof value === 'string' && /^https?:\/\/[^/]/.test(value);

/** The actor of a document: by id, embedded, or the first of several. */
export function actorOf(document: Json): unknown {
  const [first] = [document.actor].flat();
  return typeof first === 'object' && first !== null ? (first as Json).id : first;
}

/** The text with every URL on this host on another one. */
function moved(text: string, from: string, to: string): string {
  const host = from.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const url = new RegExp(`https?:(\\\\?/\\\\?/)${host}(?![\\w.:-])`, 'gi');
  return text.replace(url, (_, slashes: string) => `http:${slashes}${to}`);
}

export interface Letter {
  readonly body: string;
  readonly document: Json;
  readonly actor: string;
}

/** The document as its own server would send it to us. */
export function prepared(text: string, at: number, neighbours: Neighbours): Letter {
  let [body, document] = [text, JSON.parse(text) as Json];
  let actor = actorOf(document);
  if (!isUrl(actor) && !isUrl(document.id) && typeof actor === 'string') {
    // Neither says where it comes from: both were cut out of a program.
    body = body.replaceAll(JSON.stringify(actor), '"https://scrubbed.example/users/somebody"');
    document = JSON.parse(body) as Json;
    actor = actorOf(document);
  }
  const named = [actor, document.id].find(isUrl);
  const host = URL.parse(named ?? '')?.host ?? 'nowhere.example';
  const name = `${at}.${host.replace(/:\d+$/, '').toLowerCase()}.example`;
  body = moved(body, host, `${name}:${neighbours.port}`);
  document = JSON.parse(body) as Json;
  actor = actorOf(document);
  if (!isUrl(document.id)) {
    document.id = `${neighbours.site(name).origin}/activities/${at}`;
    body = JSON.stringify(document);
  }
  return { body, document, actor: isUrl(actor) ? actor : `${neighbours.site(name).origin}/users/nobody` };
}

/** The actor at its own URL, with a key that it can sign with. */
export async function signerAt(actor: string, { neighbours }: Stage, at: number): Promise<RemoteActor> {
  const url = new URL(actor);
  const site = neighbours.site(url.hostname);
  const keyId = actor.includes('#') ? `${site.origin}/keys/${at}` : `${actor}#main-key`;
  const made = await site.actor(`key-${at}`);
  const publicKey = { id: keyId, owner: actor, publicKeyPem: made.publicKeyPem };
  site.serve(url.pathname, { ...made.document, id: actor, publicKey });
  if (actor.includes('#')) site.serve(`/keys/${at}`, publicKey);
  return { ...made, id: actor, keyId };
}

async function replay(file: string, text: string, at: number, stage: Stage): Promise<Replayed> {
  const software = file.split('/')[0] as string;
  const { body, document, actor } = prepared(text, at, stage.neighbours);
  const signer = await signerAt(actor, stage, at);
  // Nobody asks who an unknown actor is that deletes itself: this one is known here.
  if (document.type === 'Delete') stage.expect(await stage.post(activityOf(signer, 'Like'), signer), 202);
  const { status } = await stage.post(body, signer);
  const reason = String(stage.lines().at(-1)?.facts.reason ?? '');
  if (status !== 202) return { file, software, status, end: null, reason };
  const record = await stage.record(document.id as string);
  return { file, software, status, end: record?.status ?? 'unknown', reason: record?.reason ?? '' };
}

/** One line for each software: how many were taken, and how they stand. */
function bySoftware(replayed: readonly Replayed[]): string[] {
  const softwares = [...new Set(replayed.map(({ software }) => software))];
  return softwares.map((software) => {
    const own = replayed.filter((one) => one.software === software);
    const taken = own.filter(({ status }) => status === 202);
    const ends = new Map<string, number>();
    for (const { end } of taken) ends.set(String(end), (ends.get(String(end)) ?? 0) + 1);
    const words = [...ends].map(([end, count]) => `${count} ${end}`).join(', ');
    return `${software.padEnd(26)} ${String(taken.length).padStart(3)} of ${String(own.length).padStart(3)}   ${words}`;
  });
}

export async function corpus(kind: DatabaseKind): Promise<Counted> {
  if (!isPresent('corpus')) return { passed: 0, total: 0, failures: [], skipped: 'not found' };
  const files = filesOf('corpus').filter((file) => {
    const document = JSON.parse(Buffer.from(bytesOf(`corpus/${file}`)).toString()) as Json;
    return document.actor !== undefined && !OBJECTS.test(String(document.type));
  });
  await using world = await openWorld(kind);
  const stage = openStage(world);
  const replayed: Replayed[] = [];
  for (const [at, file] of files.entries())
    replayed.push(await replay(file, Buffer.from(bytesOf(`corpus/${file}`)).toString(), at, stage));
  const refused = replayed.filter(({ end }) => end === null);
  const isEnd = (end: string | null): boolean =>
    end === 'processed' || end === 'rejected' || end === 'dropped' || end === 'held';
  const failures = [
    ...replayed
      .filter(({ status }) => ![202, 400, 401].includes(status))
      .map(({ file, status }) => `${file}: answered ${status}`),
    ...replayed
      .filter(({ status, end }) => status === 202 && !isEnd(end))
      .map(({ file, end, reason }) => `${file}: ${end} ${reason}`),
    ...(refused.length > REFUSED_MAX ? [`${refused.length} refused, more than ${REFUSED_MAX}`] : []),
  ];
  const rejected = replayed.filter(({ end }) => end === 'rejected');
  return {
    passed: replayed.length - refused.length,
    total: replayed.length,
    failures,
    notes: [
      ...bySoftware(replayed),
      ...refused.map(({ file, status, reason }) => `refused ${status}: ${file}: ${reason}`),
      ...rejected.map(({ file, reason }) => `rejected: ${file}: ${reason}`),
    ],
  };
}
