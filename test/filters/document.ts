/** Built-in filters on documents by hand: no inbox, no database, no network. */
import type { NormalActivity } from '../../src/activity.ts';
import type { FilterActor } from '../../src/api.ts';
import type { Supplies } from '../../src/filters/built-in/built-in.ts';
import { registeredOf } from '../../src/filters/built-in/index.ts';
import { folded, legible, readableText } from '../../src/filters/text.ts';
import type { BuiltInFilter } from '../../src/index.ts';
import { checkFilterList } from '../../src/options.ts';
import type { FilterVerdict } from '../../src/verdict.ts';
import { START_MS } from '../turn/mail.ts';

export const MINUTE_MS = 60_000;
export const DAY_MS = 86_400_000;
export const ANN = 'https://far.example/users/ann';
export const ALICE = 'https://us.example/users/alice';
const PUBLIC = 'https://www.w3.org/ns/activitystreams#Public';

const nobody = { isFollowedHere: false, followsHere: false, blocks: 0 };
/** Who sends, and what is known of it. */
export interface Scene {
  readonly actor?: Partial<FilterActor> | null;
  readonly isFollowed?: boolean;
  readonly relay?: boolean;
  readonly atMs?: number;
  readonly isDryRun?: boolean;
  readonly stored?: readonly string[];
}

/** A filter as a configuration makes it. */
export function made(settings: BuiltInFilter) {
  let stored: readonly string[] = [];
  const supplies: Supplies = {
    isKnown: async () => false,
    isOurs: (uri) => uri.startsWith('https://us.example/'),
    isStored: async (uri) => uri.startsWith('https://us.example/') || stored.includes(uri),
    ask: () => Promise.reject(new Error('no service')),
  };
  const [checked] = checkFilterList([settings]);
  const { filter } = registeredOf(checked as never, () => supplies);
  return async (normal: NormalActivity, scene: Scene = {}): Promise<FilterVerdict | undefined> => {
    stored = scene.stored ?? [];
    const uri = String(normal.actor);
    const text = readableText(normal);
    const actor = {
      firstSeen: new Date(START_MS),
      published: null,
      followers: `${uri}/followers`,
      type: 'Person',
    };
    const [object] = [normal.object].flat() as (string | { id: string } | undefined)[];
    const activity = {
      ...{ type: normal.type, id: normal.id, normal, receivedAt: new Date(scene.atMs ?? START_MS) },
      actor: { uri, domain: new URL(uri).hostname },
      object: object === undefined ? null : { uri: typeof object === 'string' ? object : object.id },
    };
    const context = {
      ...{ text, legible: legible(text), folded: folded(legible(text)), isDryRun: scene.isDryRun ?? false },
      actor: scene.actor === null ? null : { ...actor, ...scene.actor },
      ours: [ALICE],
      actorFacts: Promise.resolve({ ...nobody, isFollowedHere: scene.isFollowed ?? false }),
      senderFacts: Promise.resolve({ ...nobody, isFollowedHere: scene.relay ?? scene.isFollowed ?? false }),
    };
    return (filter as never as (a: unknown, c: unknown) => FilterVerdict | undefined)(activity, context);
  };
}

let count = 0;
/** A post. */
export function note(properties: object = {}, more: object = {}): NormalActivity {
  const id = `https://far.example/notes/${++count}`;
  const object = { id, type: 'Note', attributedTo: ANN, content: '<p>Hello</p>', ...properties };
  return { id: `${id}/activity`, type: 'Create', actor: ANN, to: [PUBLIC], object, ...more };
}
export const mention = (href: string, name: string) => ({ type: 'Mention', href, name });
