/**
 * What real activities of the seven everyday types bring about: each is sent as its own server would, to actors and
 * about objects that are known here, and the effect is looked at. Where none is right, the reason is listed.
 */
import type { DatabaseKind } from '../../databases.ts';
import { CONTEXT, type RemoteActor } from '../../fediverse/index.ts';
import { activityOf, noteOf, ORIGIN, openStage, type Stage } from '../attack.ts';
import { bytesOf, filesOf, isPresent } from '../material.ts';
import type { Counted } from '../table.ts';
import { openWorld } from '../world.ts';
import { isUrl, type Json, OBJECTS, prepared, signerAt } from './corpus.ts';

const VERBS = ['Follow', 'Like', 'Announce', 'Create', 'Update', 'Delete', 'Undo'] as const;
type Verb = (typeof VERBS)[number];

/** Null: it has its effect. `none`: it rightly has none. `wrong`: it should have had one. */
type Effect = null | { readonly none: string } | { readonly wrong: string };

const ALICE = `${ORIGIN}/users/alice`;
const COUNTED: Readonly<Record<string, 'likes' | 'shares'>> = { Like: 'likes', Announce: 'shares' };
const isNoObject = (type: unknown): boolean =>
  /^(Accept|Add|Announce|Block|Create|Delete|Dislike|EmojiReact|Flag|Follow|Like|Move|Reject|Remove|Undo|Update)$/.test(
    String(type),
  );

const firstOf = (value: unknown): unknown => [value].flat()[0];
const embedded = (value: unknown): Json | null => {
  const first = firstOf(value);
  return typeof first === 'object' && first !== null ? (first as Json) : null;
};
const idOf = (value: unknown): string | null => {
  const id = embedded(value)?.id ?? firstOf(value);
  return typeof id === 'string' ? id : null;
};
const withTarget = (document: Json, target: string | null): Json =>
  target === null
    ? document
    : JSON.parse(JSON.stringify(document).replaceAll(JSON.stringify(target), JSON.stringify(ALICE)));

/** One document on its way: who sends it, and what is known afterwards. */
interface Scene {
  readonly document: Json;
  readonly actor: RemoteActor;
  readonly stage: Stage;
  /** Sends it; gives back why it was refused or rejected, or null. */
  send(document: Json): Promise<string | null>;
  count(uri: string, name: 'likes' | 'shares'): Promise<number>;
}

async function objectAt({ stage }: Scene, uri: string) {
  return stage.world.served.inbox.objects.get(uri).catch(() => null);
}

const PLAYS: Readonly<Record<Verb, (scene: Scene) => Promise<Effect>>> = {
  async Follow(scene) {
    if (/#Public$/.test(idOf(scene.document.object) ?? '')) return { none: 'asks a relay, and we are none' };
    const problem = await scene.send(withTarget(scene.document, idOf(scene.document.object)));
    if (problem !== null) return { wrong: problem };
    return (await follows(scene)) ? null : { wrong: 'its actor is no follower' };
  },
  Like: reaction,
  Announce: reaction,
  async Create(scene) {
    const uri = idOf(scene.document.object);
    const problem = await scene.send(scene.document);
    if (problem !== null) return { none: problem };
    const inner = embedded(scene.document.object);
    if (inner === null || uri === null) return { none: 'its object has no id, or is only named' };
    const found = await objectAt(scene, uri);
    return found?.owner === scene.actor.id && found.type === firstOf(inner.type)
      ? null
      : { wrong: `its object is ${JSON.stringify(found)}` };
  },
  async Update(scene) {
    const { document, actor, stage } = scene;
    const uri = idOf(document.object);
    if (uri === null) return { none: 'its object has no id' };
    if (uri !== actor.id) await scene.send({ ...noteOf(actor, { id: uri, type: 'Audio' }) });
    const problem = await scene.send(document);
    if (problem !== null) return { none: problem };
    const inner = embedded(document.object);
    if (inner === null) return { none: 'its object is only named' };
    if (uri === actor.id)
      return (await isLookedUpAgain(scene)) ? null : { wrong: 'its actor is not looked up again' };
    await stage.settled();
    const found = await objectAt(scene, uri);
    return found?.type === firstOf(inner.type) ? null : { wrong: `its object is ${JSON.stringify(found)}` };
  },
  async Delete(scene) {
    const { document, actor } = scene;
    const uri = idOf(document.object);
    if (uri === null) return { none: 'its object has no id' };
    await scene.send(
      uri === actor.id ? activityOf(actor, 'Follow', { object: ALICE }) : noteOf(actor, { id: uri }),
    );
    const problem = await scene.send(document);
    if (problem !== null) return { none: problem };
    if (uri === actor.id) return (await follows(scene)) ? { wrong: 'its actor still follows' } : null;
    return (await objectAt(scene, uri))?.deleted === true ? null : { wrong: 'its object is not deleted' };
  },
  async Undo(scene) {
    const inner = embedded(scene.document.object);
    const type = String(firstOf(inner?.type));
    if (inner === null) return { none: 'what it undoes is only named, and was never sent' };
    if (type !== 'Follow' && COUNTED[type] === undefined) return { none: `undoes a ${type}` };
    const target = idOf(inner.object);
    const document = type === 'Follow' ? withTarget(scene.document, target) : scene.document;
    const undone = { '@context': document['@context'] ?? CONTEXT, ...embedded(document.object) };
    const before = type === 'Follow' ? 0 : await scene.count(target ?? '', COUNTED[type] ?? 'likes');
    const first = await scene.send(undone);
    if (first !== null) return { none: `what it undoes: ${first}` };
    const has = async (): Promise<boolean> =>
      type === 'Follow'
        ? follows(scene)
        : (await scene.count(target ?? '', COUNTED[type] ?? 'likes')) > before;
    if (!(await has())) return { wrong: 'what it undoes had no effect' };
    const problem = await scene.send(document);
    if (problem !== null) return { wrong: problem };
    return (await has()) ? { wrong: 'it takes nothing back' } : null;
  },
};

async function reaction(scene: Scene): Promise<Effect> {
  const { document } = scene;
  const inner = embedded(document.object);
  const uri = idOf(document.object);
  const name = COUNTED[String(firstOf(document.type))] ?? 'likes';
  if (uri === null) return { none: 'its object has no id' };
  const before = await scene.count(uri, name);
  const problem = await scene.send(document);
  if (problem !== null) return { none: problem };
  const isPassedOn = name === 'shares' && isNoObject(firstOf(inner?.type));
  const grown = (await scene.count(uri, name)) - before;
  if (isPassedOn)
    return grown === 0 ? { none: 'an activity that a group passes on' } : { wrong: 'it is a share' };
  return grown === 1 ? null : { wrong: `${name} grew by ${grown}` };
}

async function follows({ stage, actor }: Scene): Promise<boolean> {
  return (await stage.members('alice', 'followers')).includes(actor.id);
}

/** After an Update of itself an actor's document is fetched anew, and its key is the one that it has now. */
async function isLookedUpAgain({ stage, actor }: Scene): Promise<boolean> {
  await stage.settled();
  return stage.neighbours.site(new URL(actor.id).hostname).fetches(new URL(actor.id).pathname) > 1;
}

async function play(file: string, at: number, stage: Stage): Promise<{ verb: Verb; effect: Effect }> {
  const letter = prepared(Buffer.from(bytesOf(`corpus/${file}`)).toString(), at, stage.neighbours);
  const actor = await signerAt(letter.actor, stage, at);
  const verb = firstOf(letter.document.type) as Verb;
  let scrubbed = 0;
  const { origin } = new URL(actor.id);
  const document = JSON.parse(
    JSON.stringify(letter.document).replaceAll(
      '"SCRUBBED_ID"',
      () => `"${origin}/scrubbed/${at}/${++scrubbed}"`,
    ),
  ) as Json;
  const scene: Scene = {
    ...{ document, actor, stage },
    async send(document) {
      const { status } = await stage.post(document, actor);
      if (status !== 202) return `refused ${status}: ${stage.lines().at(-1)?.facts.reason ?? ''}`;
      await stage.settled();
      const record = typeof document.id === 'string' ? await stage.record(document.id) : null;
      return record?.status === 'rejected' ? `rejected: ${record.reason}` : null;
    },
    count: async (uri, name) => (await objectAt(scene, uri))?.[name].total ?? 0,
  };
  return { verb, effect: await PLAYS[verb](scene) };
}

/** `effect/of`, with what rightly has none beside it. */
function cell(effects: readonly Effect[]): string {
  if (effects.length === 0) return '';
  const none = effects.filter((effect) => effect !== null && 'none' in effect).length;
  const had = effects.filter((effect) => effect === null).length;
  return `${had}/${effects.length}${none > 0 ? ` (${none})` : ''}`;
}

export async function effects(kind: DatabaseKind): Promise<Counted> {
  if (!isPresent('corpus')) return { passed: 0, total: 0, failures: [], skipped: 'not found' };
  const files = filesOf('corpus').filter((file) => {
    const { actor, type } = JSON.parse(Buffer.from(bytesOf(`corpus/${file}`)).toString()) as Json;
    const isOne = (VERBS as readonly unknown[]).includes(firstOf(type));
    return actor !== undefined && isOne && !OBJECTS.test(String(type)) && isUrl(idOf(actor) ?? '');
  });
  await using world = await openWorld(kind);
  const stage = openStage(world);
  const played: { software: string; file: string; verb: Verb; effect: Effect }[] = [];
  // Numbers beyond those of the replay, so that each document has a host of its own here, too.
  for (const [at, file] of files.entries())
    played.push({ software: file.split('/')[0] as string, file, ...(await play(file, 10_000 + at, stage)) });
  const row = (words: readonly string[]): string =>
    words.map((word, at) => (at === 0 ? word.padEnd(20) : word.padEnd(10))).join(' ');
  const softwares = [...new Set(played.map(({ software }) => software))];
  const lines = softwares.map((software) =>
    row([
      software,
      ...VERBS.map((verb) =>
        cell(
          played.filter((one) => one.software === software && one.verb === verb).map(({ effect }) => effect),
        ),
      ),
    ]),
  );
  const said = (what: 'none' | 'wrong') =>
    played.flatMap(({ file, verb, effect }) =>
      effect !== null && what in effect ? [`${verb} ${file}: ${Object.values(effect)[0]}`] : [],
    );
  return {
    passed: played.filter(({ effect }) => effect === null).length,
    total: played.length,
    failures: said('wrong'),
    notes: [row(['', ...VERBS]), ...lines, 'in brackets: those that rightly have no effect', ...said('none')],
  };
}
