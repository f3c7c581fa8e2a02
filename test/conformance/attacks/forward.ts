/** What somebody else passes on: relays, groups, and what is private. */
import { type Attacks, activityOf, must, noteOf, ORIGIN, type Stage } from '../attack.ts';
import { addProofKey, proven } from '../document-signature.ts';

/** Does anything that handlers were given about this id hold the words? */
function handlersSaw(stage: Stage, words: string): boolean {
  return stage.world.handled.some(({ normal, raw }) => JSON.stringify([normal, raw]).includes(words));
}

export const forward: Attacks = {
  async 'FW-01'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const words = `Only for friends ${alice.id}`;
    const note = noteOf(alice, { content: words }).object;
    const path = new URL(note.id as string).pathname;
    stage.victim.serve(path, {
      '@context': 'https://www.w3.org/ns/activitystreams',
      ...note,
      to: [`${alice.id}/followers`],
    });
    const announce = activityOf(mallory, 'Announce', { object: note.id, to: ['as:Public'] });
    stage.expect(await stage.post(announce, mallory), 202);
    const wrapped = activityOf(mallory, 'Announce', { object: { ...note, content: 'Stolen.' } });
    stage.expect(await stage.post(wrapped, mallory), 202, 400, 401);
    await stage.settled();
    must(!handlersSaw(stage, words), 'handlers were given the private text');
    for (const page of ['/users/bob/outbox', '/users/bob/inbox', path]) {
      const { body } = await stage.world.served.ask('GET', page);
      must(!body.includes(words), `${page} shows it`);
    }
    const signed = stage.victim.asked.filter((line) => line === `GET ${path}`).length;
    return `kept as a bare reference (${signed} fetches of the note); no page of ours shows it`;
  },

  async 'FW-02'(stage) {
    const alice = await stage.victim.actor('alice');
    const relay = await stage.relay.actor('relay');
    const nowhere = noteOf(alice, { content: 'Never said.' });
    stage.expect(await stage.post(nowhere, relay), 202, 401);
    await stage.untouched(nowhere.id);
    const altered = noteOf(alice, { content: 'What was said.' });
    stage.victim.serve(new URL(altered.id).pathname, altered);
    const forged = { ...altered, object: { ...altered.object, content: `Altered on the way ${alice.id}` } };
    const { status } = await stage.post(forged, relay);
    must(status === 202 || status === 401, `answered ${status}`);
    await stage.settled();
    must(
      !handlersSaw(stage, `Altered on the way ${alice.id}`),
      'handlers were given what the relay had altered',
    );
    const times = stage.handledTimes(altered.id);
    if (status === 202) {
      must(times === 1, `the origin's own copy was handled ${times} times`);
      await stage.processed(altered.id);
    } else must(times === 0, 'refused and handled all the same');
    const how =
      status === 202 ? "the origin's own copy of the other is what was processed" : 'nothing else kept';
    return `what its origin does not have is not trusted; ${how}`;
  },

  async 'FW-04'(stage) {
    const alice = await stage.victim.actor('alice');
    const group = await stage.relay.actor('group');
    const create = noteOf(alice, { content: `Altered by the group ${alice.id}` });
    const { '@context': _, ...inner } = create;
    const announce = activityOf(group, 'Announce', { object: inner });
    stage.expect(await stage.post(announce, group), 202);
    await stage.settled();
    await stage.untouched(create.id);
    must(stage.handledTimes(announce.id) <= 1, 'the Announce was handled twice');
    const said = stage.world.handled.filter(({ id }) => id === announce.id);
    must(
      !said.some(({ normal }) => JSON.stringify(normal).includes('Altered by the group')),
      'handlers were given its text',
    );
    const key = addProofKey(alice);
    const proof = proven(create, key, stage.world.served.clock.now());
    const tampered = { ...proof, object: { ...create.object, content: 'Once more.' } };
    const again = activityOf(group, 'Announce', { object: tampered });
    stage.expect(await stage.post(again, group), 202);
    await stage.untouched(create.id);
    return 'the wrapped activity is not one of its author; its text reaches no handler, with a broken proof either';
  },

  async 'FW-05'(stage) {
    const anna = await stage.victim.actor('anna');
    const hidden = `${ORIGIN}/users/carol`;
    const note = noteOf(anna, { bto: [hidden], bcc: hidden });
    const activity = { ...note, bto: hidden, bcc: [`${anna.id}/secret`], to: [stage.bob] };
    stage.expect(await stage.post(activity, anna), 202);
    await stage.processed(note.id);
    const given = stage.world.handled.find(({ id }) => id === note.id);
    for (const [view, document] of Object.entries({ normal: given?.normal, raw: given?.raw })) {
      const text = JSON.stringify(document);
      must(
        !/"(as:)?b(to|cc)"/.test(text) && !text.includes('/secret'),
        `the ${view} view shows who was hidden`,
      );
    }
    return 'neither view that handlers get names the hidden addressees';
  },
};
