/**
 * What is known of objects after what their owners, and others, said about them; and that the order in which it came
 * makes no difference.
 */
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Facts } from '../../src/activity.ts';
import type { VerifiedActivity } from '../../src/api.ts';
import { objectByUri } from '../../src/store/objects.ts';
import { sql } from '../../src/store/statement.ts';
import { runTurns } from '../../src/turn/poison.ts';
import { databases } from '../databases.ts';
import { ALICE, accepted, type Desk, empty, ended, openDesk, quiet, verified } from './mail.ts';

const AL = 'https://a.example/users/al';
const MAL = 'https://a.example/users/mal';
const BO = 'https://b.example/users/bo';
const NOTE = 'https://a.example/notes/1';
const domainOf = (actor: string): string => new URL(actor).hostname;

function said(type: string, actor: string, facts: Partial<Facts>): VerifiedActivity {
  return verified(domainOf(actor), { type, actor, objects: [], ...facts });
}

/** A Create or Update of a note by whoever it is attributed to. */
function note(type: 'Create' | 'Update', actor: string, changedMs: number, more: Partial<Facts> = {}) {
  const inner = { type: 'Note', actor, object: null, changedMs };
  return said(type, actor, { objects: [NOTE], inner, ...more });
}

describe.each(databases)('an object, on $name', (kind) => {
  let desk: Desk;
  beforeAll(async () => {
    desk = await openDesk(kind);
  });
  beforeEach(() => empty(desk));
  afterAll(() => desk[Symbol.asyncDispose]());

  /** Takes mail in, all of it before the first turn. */
  async function take(...mail: VerifiedActivity[]): Promise<void> {
    await accepted(desk.store, mail);
    const names = [...new Set(mail.map(({ domain }) => domain))];
    while ((await desk.store.run(sql`select from mail limit 1`)).length > 0)
      await runTurns(desk.store, quiet, names);
  }
  const known = async (uri = NOTE) => {
    const { totals, ...object } = await objectByUri(desk.store, uri);
    return { ...object, ...totals };
  };
  const reasons = async () => (await ended(desk.store)).map(({ status, reason }) => [status, reason]);

  test('is its creator’s: nobody else on its server changes or removes it', async () => {
    await take(note('Create', AL, 1_000));
    expect(await known()).toMatchObject({ type: 'Note', owner: AL, isDeleted: false });
    await take(note('Update', MAL, 9_000), said('Delete', MAL, { objects: [NOTE] }));
    expect(await known()).toMatchObject({ owner: AL, isDeleted: false });
    expect((await reasons()).slice(1)).toEqual([
      ['rejected', 'the object is somebody else’s'],
      ['rejected', 'the object is somebody else’s'],
    ]);
    await take(said('Delete', AL, { objects: [NOTE] }));
    expect(await known()).toMatchObject({ type: 'Tombstone', owner: AL, isDeleted: true });
  });

  test('that a stranger deleted before it came is there when its owner brings it', async () => {
    await take(said('Delete', MAL, { objects: [NOTE] }));
    await take(note('Create', AL, 1_000));
    expect(await known()).toMatchObject({ type: 'Note', owner: AL, isDeleted: false });
  });

  test('that its owner deleted before it came is deleted when it comes, and stays so', async () => {
    await take(said('Delete', AL, { objects: [NOTE] }));
    expect(await known()).toMatchObject({ type: null, owner: null });
    await take(note('Create', AL, 1_000), note('Update', AL, 2_000));
    expect(await known()).toMatchObject({ type: 'Tombstone', isDeleted: true });
  });

  test('without an id is nobody’s, however many come', async () => {
    const inner = { type: 'Note', actor: AL, object: null };
    await take(said('Create', AL, { inner }), said('Create', AL, { inner }));
    expect((await reasons()).map(([status]) => status)).toEqual(['processed', 'processed']);
    expect(await desk.store.run(sql`select from object`)).toEqual([]);
  });

  test('is liked once by an actor that likes it twice, until both Likes are undone', async () => {
    const likes = [1, 2].map(() => said('Like', BO, { objects: [NOTE] }));
    await take(...likes);
    expect(await known()).toMatchObject({ likes: 1 });
    for (const [left, { facts }] of [...likes.entries()].map(([at, like]) => [1 - at, like] as const)) {
      await take(said('Undo', BO, { objects: [facts.id] }));
      expect(await known()).toMatchObject({ likes: left });
    }
  });

  test('keeps the like that somebody else takes back', async () => {
    const like = said('Like', AL, { objects: [NOTE] });
    await take(like);
    await take(said('Undo', MAL, { objects: [like.facts.id] }));
    expect((await reasons()).at(-1)).toEqual(['rejected', 'only its own actor may undo an activity']);
    expect(await known()).toMatchObject({ likes: 1 });
  });

  test('that is a reply is counted with what it answers, until it is deleted', async () => {
    const parent = 'https://b.example/notes/7';
    const inner = { type: 'Note', actor: AL, object: null, inReplyTo: parent };
    await take(said('Create', AL, { objects: [NOTE], inner }));
    expect(await known(parent)).toMatchObject({ type: null, replies: 1 });
    await take(said('Delete', AL, { objects: [NOTE] }));
    expect(await known(parent)).toMatchObject({ replies: 0 });
  });

  test('goes with its owner', async () => {
    await take(note('Create', AL, 1_000));
    const follow = said('Follow', AL, { objects: [ALICE.id] });
    await take({ ...follow, locals: [ALICE] });
    const followers = () =>
      desk.store.run(sql`select item from member where collection = ${`${ALICE.id}/followers`}`);
    expect(await followers()).toEqual([{ item: AL }]);
    await take(said('Delete', AL, { objects: [AL] }));
    expect(await known()).toMatchObject({ type: 'Tombstone', isDeleted: true });
    expect(await followers()).toEqual([]);
    const second = {
      objects: ['https://a.example/notes/2'],
      inner: { type: 'Note', actor: AL, object: null },
    };
    await take(said('Create', AL, second));
    expect(await known('https://a.example/notes/2')).toMatchObject({ isDeleted: true });
  });

  test('is as its owner and its admirers left it, in whatever order their words came', async () => {
    const story = fc.uniqueArray(fc.integer({ min: 0, max: 11 }), { minLength: 1, maxLength: 12 });
    const runs = Number(process.env.SALLYPORT_ORDERS ?? 25);
    await fc.assert(
      fc.asyncProperty(story, fc.infiniteStream(fc.nat()), fc.nat(2), async (chosen, random, cuts) => {
        await empty(desk);
        const all = everything();
        const mail = chosen.map((at) => all[at] as VerifiedActivity);
        const order = [...mail, ...mail.slice(0, 2)]
          .map((letter) => ({ letter, at: random.next().value as number }))
          .sort((a, b) => a.at - b.at)
          .map(({ letter }) => letter);
        const size = Math.ceil(order.length / (cuts + 1));
        for (let at = 0; at < order.length; at += size) await take(...order.slice(at, at + size));
        expect(await known()).toEqual(expected(mail));
      }),
      { numRuns: runs, verbose: 1 },
    );
  });
});

/** Twelve things that can be said about one note. */
function everything(): VerifiedActivity[] {
  const [likeOfAl, likeOfBo, otherLikeOfBo] = [AL, BO, BO].map((actor) =>
    said('Like', actor, { objects: [NOTE] }),
  );
  const share = said('Announce', BO, { objects: [NOTE] });
  const undo = (one: VerifiedActivity | undefined, isEmbedded: boolean): VerifiedActivity => {
    const { id, type, actor } = (one as VerifiedActivity).facts;
    const inner = isEmbedded ? { type, actor, object: NOTE } : null;
    return said('Undo', actor, { objects: [id], inner });
  };
  return [
    note('Create', AL, 1_000),
    note('Update', AL, 2_000),
    note('Update', AL, 3_000),
    said('Delete', AL, { objects: [NOTE] }),
    likeOfAl as VerifiedActivity,
    likeOfBo as VerifiedActivity,
    otherLikeOfBo as VerifiedActivity,
    share,
    undo(likeOfAl, true),
    undo(likeOfBo, false),
    undo(share, true),
    undo(otherLikeOfBo, false),
  ];
}

/** What must be known in the end: said of the set, without any order. */
function expected(mail: readonly VerifiedActivity[]) {
  const undone = new Set(
    mail.filter(({ facts }) => facts.type === 'Undo').map(({ facts }) => facts.objects[0]),
  );
  const isMade = mail.some(({ facts }) => facts.type === 'Create' || facts.type === 'Update');
  const isDeleted = isMade && mail.some(({ facts }) => facts.type === 'Delete');
  const actors = (type: string): number =>
    isDeleted
      ? 0
      : new Set(
          mail
            .filter(({ facts }) => facts.type === type && !undone.has(facts.id))
            .map(({ facts }) => facts.actor),
        ).size;
  const type = isDeleted ? 'Tombstone' : isMade ? 'Note' : null;
  return {
    ...{ uri: NOTE, type, owner: isMade ? AL : null, isDeleted },
    ...{ likes: actors('Like'), shares: actors('Announce'), replies: 0, dislikes: 0, emojiReactions: 0 },
  };
}
