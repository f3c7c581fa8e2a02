/** Who may change, remove and speak for what. */
import { type Attacks, activityOf, must, noteOf, ORIGIN, type Stage } from '../attack.ts';

/** Sends what must have no effect: it is refused, or taken and rejected with a reason. */
async function withoutEffect(
  stage: Stage,
  activity: { readonly id: string },
  signer: Parameters<Stage['post']>[1],
) {
  stage.expect(await stage.post(activity, signer), 202, 400, 401);
  await stage.untouched(activity.id);
}

export const objectAuthority: Attacks = {
  async 'OB-01'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const note = noteOf(alice);
    stage.expect(await stage.post(note, alice), 202);
    const { id } = note.object;
    for (const object of [
      { id, type: 'Note', content: 'Mine now.' },
      { id, type: 'Note', attributedTo: mallory.id, content: 'Mine now.' },
      { id, type: 'Note', attributedTo: alice.id, content: 'Mine now.' },
      id,
    ])
      await withoutEffect(stage, activityOf(mallory, 'Update', { object }), mallory);
    await stage.processed(note.id);
    const neighbour = await stage.victim.actor('neighbour');
    const object = { id, type: 'Note', attributedTo: alice.id, content: 'From next door.' };
    await withoutEffect(stage, activityOf(neighbour, 'Update', { object }), neighbour);
    return 'an Update by a stranger, and by somebody on the same host for whom it is not, is rejected with its reason';
  },

  async 'OB-02'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    stage.expect(await stage.post(activityOf(alice, 'Like'), alice), 202);
    const publicKey = { id: alice.keyId, owner: alice.id, publicKeyPem: mallory.publicKeyPem };
    await withoutEffect(
      stage,
      activityOf(mallory, 'Update', { object: { ...alice.document, publicKey } }),
      mallory,
    );
    const forged = activityOf(alice, 'Like');
    stage.expect(await stage.post(forged, { ...mallory, keyId: alice.keyId }), 401);
    const genuine = activityOf(alice, 'Like');
    stage.expect(await stage.post(genuine, alice), 202);
    await stage.untouched(forged.id);
    await stage.processed(genuine.id);
    return "the victim's key is what it was: the new one is refused, the old one taken";
  },

  async 'OB-04'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const note = noteOf(alice);
    stage.expect(await stage.post(note, alice), 202);
    const { id } = note.object;
    for (const object of [id, { id, type: 'Tombstone' }, alice.id, [id, alice.id]])
      await withoutEffect(stage, activityOf(mallory, 'Delete', { object }), mallory);
    await stage.processed(note.id);
    const again = noteOf(alice, { id });
    stage.expect(await stage.post({ ...again, type: 'Update' }, alice), 202);
    await stage.processed(again.id);
    return 'no Delete of the note or of its author took effect; its author goes on with it';
  },

  async 'OB-05'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const note = noteOf(alice);
    for (const object of [note.object.id, note.id])
      await withoutEffect(stage, activityOf(mallory, 'Delete', { object }), mallory);
    await withoutEffect(stage, activityOf(mallory, 'Undo', { object: note.id }), mallory);
    stage.expect(await stage.post(note, alice), 202);
    await stage.processed(note.id);
    return 'the genuine Create that comes after the foreign Delete is processed';
  },

  async 'OB-07'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const alice = await stage.victim.actor('alice');
    const claims = [
      1,
      '1',
      0,
      true,
      `${ORIGIN}/users/alice`,
      [mallory.id, alice.id],
      { id: alice.id },
      [],
      {},
      { id: 1 },
    ];
    let refused = 0;
    for (const attributedTo of claims) {
      const note = noteOf(mallory, { attributedTo });
      const { status } = await stage.post(note, mallory);
      must(status === 202 || status === 400, `${JSON.stringify(attributedTo)}: answered ${status}`);
      const record = await stage.record(note.id);
      if (record === null || record.status === 'rejected') refused++;
      for (const { id, normal } of stage.world.handled) {
        if (id !== note.id) continue;
        const author = (normal.object as { attributedTo?: unknown } | undefined)?.attributedTo;
        const isHis = author === undefined || author === mallory.id;
        must(isHis, `handlers were given the author ${JSON.stringify(author)}`);
      }
    }
    return `${claims.length} claims: ${refused} rejected, the others without an author but the sender; none local`;
  },

  async 'OB-08'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const alice = await stage.victim.actor('alice');
    for (const attributedTo of [
      [mallory.id, alice.id],
      [alice.id, mallory.id],
      [{ id: alice.id, type: 'Person' }, mallory.id],
    ]) {
      await withoutEffect(stage, noteOf(mallory, { attributedTo }), mallory);
      await withoutEffect(stage, { ...noteOf(mallory, { attributedTo }), type: 'Update' } as never, mallory);
    }
    return 'one foreign author among several makes the object foreign, in both orders';
  },

  async 'OB-10'(stage) {
    const anna = await stage.victim.actor('anna');
    const object = { type: 'Note', attributedTo: anna.id, content: 'Without a name.' };
    const notes = [activityOf(anna, 'Create', { object }), activityOf(anna, 'Create', { object })];
    for (const note of notes) stage.expect(await stage.post(note, anna), 202);
    const { id: _, ...nameless } = activityOf(anna, 'Create', { object });
    for (let n = 0; n < 2; n++) stage.expect(await stage.post(nameless, anna), 202);
    stage.expect(await stage.post({ ...nameless, summary: 'another one' }, anna), 202);
    for (const { id } of notes) await stage.processed(id);
    await stage.settled();
    const made = stage.world.handled.filter(
      ({ actor, id }) => actor.uri === anna.id && id.startsWith(`${anna.id}#`),
    );
    must(made.length === 2, `${made.length} of the two activities without an id were handled`);
    return 'objects without an id collide with nobody; activities without one are told apart by what they say';
  },

  async 'OB-11'(stage) {
    const mallory = await stage.evil.actor('mallory');
    for (const id of [`${ORIGIN}/activities/1`, `${ORIGIN}/users/bob/activities/1`, `${ORIGIN}/users/bob`]) {
      const activity = activityOf(mallory, 'Like', { id });
      stage.expect(await stage.post(activity, mallory), 400, 401);
      must((await stage.record(id)) === null, `${id} is taken`);
    }
    return 'three ids of ours: none entered, nothing applied';
  },

  async 'OB-16'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const { origin } = stage.evil;
    const before = stage.evil.asked.length;
    const heads: string[] = [];
    stage.evil.serve('/x', (request, response) => {
      heads.push(JSON.stringify(request.rawHeaders));
      response.writeHead(404).end();
    });
    for (const tail of [
      '\r\nX-Injected: 1',
      '\n',
      ' HTTP/1.1\r\nX-Injected: 1\r\n\r\n',
      ' x',
      '\t',
      '\u0000',
      '\u0085',
    ]) {
      for (const field of ['id', 'actor'])
        stage.expect(
          await stage.post(activityOf(mallory, 'Like', { [field]: `${origin}/x${tail}` }), mallory),
          400,
          401,
        );
      const { privateKey } = mallory;
      if (/^[ \t]x?$/.test(tail))
        stage.expect(
          await stage.post(activityOf(mallory, 'Like'), { keyId: `${origin}/x${tail}#k`, privateKey }),
          401,
        );
    }
    const encoded = { keyId: `${origin}/x%0d%0aX-Injected:%201#main-key`, privateKey: mallory.privateKey };
    stage.expect(await stage.post(activityOf(mallory, 'Like'), encoded), 401);
    const asked = stage.evil.asked.slice(before);
    must(!heads.some((head) => /injected/i.test(head)), 'a header was injected');
    must(
      asked.every((line) => !/[\r\n]| X-/.test(line)),
      `asked ${asked.join(' | ')}`,
    );
    return `ids with line breaks, blanks and controls refused; an encoded one stays a path (${asked.length} requests seen)`;
  },

  async 'OB-17'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const { inbox } = stage.world.served;
    const { activityId } = await inbox.actors.follow('bob', alice.id);
    const accept = activityOf(alice, 'Accept', { object: activityId });
    stage.expect(await stage.post(accept, alice), 202);
    must((await stage.members('bob', 'following')).includes(alice.id), 'bob does not follow alice');
    const move = { object: alice.id, target: mallory.id };
    stage.expect(await stage.post(activityOf(alice, 'Move', move), alice), 202);
    await withoutEffect(stage, { ...activityOf(alice, 'Move', move) }, mallory);
    await withoutEffect(stage, activityOf(mallory, 'Move', move), mallory);
    await withoutEffect(stage, activityOf(mallory, 'Move', { object: alice.id, target: alice.id }), mallory);
    const following = await stage.members('bob', 'following');
    must(following.includes(alice.id) && !following.includes(mallory.id), 'the follow moved');
    return 'the follow stays where it was: the target does not list the mover, and nobody moves somebody else';
  },

  async 'OB-19'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    mallory.document.followers = `${ORIGIN}/users/bob/followers`;
    mallory.document.outbox = `${ORIGIN}/users/bob/outbox`;
    const before = await stage.members('bob', 'followers');
    for (const type of ['Add', 'Remove'])
      for (const target of [
        `${ORIGIN}/users/bob/featured`,
        `${ORIGIN}/users/bob/followers`,
        `${alice.id}/featured`,
      ])
        await withoutEffect(stage, activityOf(mallory, type, { object: mallory.id, target }), mallory);
    const note = noteOf(mallory);
    stage.expect(await stage.post({ ...note, to: [mallory.document.followers] }, mallory), 202);
    must(
      JSON.stringify(await stage.members('bob', 'followers')) === JSON.stringify(before),
      'the followers changed',
    );
    return 'collections of ours and of others change by nobody but their owner; a borrowed followers URL changes nothing';
  },

  async 'OB-20'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const many = await stage.evil.actor('many');
    mallory.document.alsoKnownAs = Array.from({ length: 100_000 }, (_, n) => `https://a.example/users/${n}`);
    const other = (n: number) => ({ id: `${many.id}#${n}`, owner: many.id, publicKeyPem: 'x' });
    const keys = Array.from({ length: 10_000 }, (_, n) => other(n));
    many.document.publicKey = [...keys, many.document.publicKey];
    for (const one of [mallory, many]) {
      const activity = activityOf(one, 'Like');
      stage.expect(await stage.post(activity, one), 401);
      await stage.untouched(activity.id);
    }
    return 'documents over the caps of size and of keys give no key; nothing kept of them';
  },
};
