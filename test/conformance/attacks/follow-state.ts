/** Follows: who may begin, answer and end them, in whatever order the activities come. */
import { accept, follow, reject, undo } from '../../fediverse/index.ts';
import { type Attacks, activityOf, must, ORIGIN, type Stage } from '../attack.ts';

const CAROL = `${ORIGIN}/users/carol`;

/** Our bob asks to follow them; the id of the Follow. */
async function bobFollows(stage: Stage, whom: string): Promise<string> {
  const { activityId } = await stage.world.served.inbox.actors.follow('bob', whom);
  await stage.settled();
  return activityId;
}

export const followState: Attacks = {
  async 'FO-01'(stage) {
    const mallory = await stage.evil.actor('mallory');
    for (const object of [
      { id: `${stage.bob}/activities/never`, type: 'Follow', actor: stage.bob, object: mallory.id },
      { type: 'Follow', actor: stage.bob, object: mallory.id },
      `${stage.bob}/activities/never`,
    ]) {
      const activity = activityOf(mallory, 'Accept', { object });
      stage.expect(await stage.post(activity, mallory), 202);
      const record = await stage.record(activity.id);
      must(record !== null && record.reason !== null, 'no reason is recorded');
    }
    must(!(await stage.members('bob', 'following')).includes(mallory.id), 'bob follows mallory');
    return 'bob follows nobody; each Accept ends with its reason recorded';
  },

  async 'FO-02'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const id = await bobFollows(stage, alice.id);
    const inner = { id, type: 'Follow', actor: stage.bob, object: alice.id };
    for (const object of [id, inner, { ...inner, object: mallory.id }])
      stage.expect(await stage.post(activityOf(mallory, 'Accept', { object }), mallory), 202);
    must((await stage.followState(id)) === 'pending', `the follow is ${await stage.followState(id)}`);
    must(!(await stage.members('bob', 'following')).includes(alice.id), 'bob follows alice');
    stage.expect(await stage.post(accept(alice.id, id), alice), 202);
    must((await stage.followState(id)) === 'accepted', 'the genuine Accept no longer counts');
    return "still pending after a stranger's three; the followed actor's own is taken";
  },

  async 'FO-04'(stage) {
    const { inbox } = stage.world.served;
    const heard: string[] = [];
    using _ = inbox.onTransition('follow-request', ({ key, to }) => void heard.push(`${key} ${to}`));
    const play = async (
      name: string,
      answers: readonly (typeof accept)[],
    ): Promise<[string, string | undefined]> => {
      const them = await stage.victim.actor(name);
      const id = await bobFollows(stage, them.id);
      for (const answer of answers) stage.expect(await stage.post(answer(them.id, id), them), 202);
      return [id, await stage.followState(id)];
    };
    const [twice, twiceState] = await play('twice', [accept, accept]);
    must(twiceState === 'accepted', `Accept, Accept: ${twiceState}`);
    const times = heard.filter((line) => line === `${twice} accepted`).length;
    must(times === 1, `accepted ${times} times`);
    const [, ended] = await play('ended', [accept, reject]);
    must(ended === 'rejected', `Accept, Reject: ${ended}`);
    const [, refused] = await play('refused', [reject, accept]);
    must(refused === 'rejected', `Reject, Accept: ${refused}`);
    return 'twice is one transition; a Reject ends an accepted follow; an Accept does not revive a rejected one';
  },

  async 'FO-05'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const ask = follow(alice.id, stage.bob);
    stage.expect(await stage.post(ask, alice), 202);
    const { '@context': _, ...inner } = ask;
    for (const object of [
      inner,
      { ...inner, actor: mallory.id },
      { type: 'Follow', actor: alice.id, object: stage.bob },
    ])
      stage.expect(await stage.post(activityOf(mallory, 'Undo', { object }), mallory), 202);
    must((await stage.members('bob', 'followers')).includes(alice.id), 'alice no longer follows bob');
    return 'alice still follows bob, whoever the embedded Follow names';
  },

  async 'FO-07'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const ask = follow(alice.id, stage.bob);
    stage.expect(await stage.post(ask, alice), 202);
    const undoing = activityOf(mallory, 'Undo', { object: ask.id });
    stage.expect(await stage.post(undoing, mallory), 202);
    await stage.untouched(undoing.id);
    must((await stage.members('bob', 'followers')).includes(alice.id), 'alice no longer follows bob');
    const own = activityOf(alice, 'Undo', { object: ask.id });
    stage.expect(await stage.post(own, alice), 202);
    must(!(await stage.members('bob', 'followers')).includes(alice.id), 'her own Undo by id has no effect');
    return 'an Undo that only names the id is the follower’s alone';
  },

  async 'FO-08'(stage) {
    const alice = await stage.victim.actor('alice');
    const ask = follow(alice.id, stage.bob);
    stage.expect(await stage.post(undo(alice.id, ask), alice), 202);
    await stage.settled();
    stage.expect(await stage.post(ask, alice), 202);
    must(
      !(await stage.members('bob', 'followers')).includes(alice.id),
      'the Follow that was undone before it came counts',
    );
    const again = follow(alice.id, stage.bob);
    stage.expect(await stage.post(again, alice), 202);
    must((await stage.members('bob', 'followers')).includes(alice.id), 'a new Follow does not count');
    return 'a Follow whose Undo came first does not count; a new one by the same actor does';
  },

  async 'FO-10'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const ask = follow(mallory.id, alice.id);
    stage.expect(await stage.post(ask, mallory), 202);
    must((await stage.followState(ask.id)) === undefined, 'there is a follow request');
    must(stage.evil.received.length === 0, 'it was answered');
    return 'no follow request, no answer';
  },

  async 'FO-11'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const flock = Array.from({ length: 10_000 }, (_, n) => `${ORIGIN}/users/user${n}`);
    const many = activityOf(mallory, 'Follow', { object: flock });
    stage.expect(await stage.post(many, mallory), 400, 202);
    const some = activityOf(mallory, 'Follow', { object: [stage.bob, `${ORIGIN}/users/alice`, CAROL] });
    stage.expect(await stage.post(some, mallory), 400, 202);
    let follows = 0;
    for (const name of ['alice', 'bob', 'carol'])
      follows += (await stage.members(name, 'followers')).filter((id) => id === mallory.id).length;
    must(follows <= 1, `${follows} follows`);
    const requests = (await stage.world.served.admin('/follow-requests?limit=200')).json();
    const his = (requests as { items: { follower: string }[] }).items.filter(
      (it) => it.follower === mallory.id,
    );
    must(his.length <= 1, `${his.length} follow requests`);
    return `ten thousand at once refused; three at once make ${his.length} follow requests`;
  },

  async 'FO-13'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const ask = follow(mallory.id, CAROL);
    stage.expect(await stage.post(ask, mallory), 202);
    must((await stage.followState(ask.id)) === 'pending', 'carol is not locked');
    const { '@context': _, ...inner } = ask;
    for (const object of [inner, ask.id]) {
      const forged = activityOf({ id: CAROL }, 'Accept', { object });
      stage.expect(await stage.post(forged, mallory), 400, 401);
      stage.expect(await stage.post(activityOf(mallory, 'Accept', { object }), mallory), 202);
    }
    must((await stage.followState(ask.id)) === 'pending', `the follow is ${await stage.followState(ask.id)}`);
    must(!(await stage.members('carol', 'followers')).includes(mallory.id), 'mallory follows carol');
    return 'still pending: neither in her name nor in his own can he accept his own request';
  },

  async 'FO-14'(stage) {
    const alice = await stage.victim.actor('alice');
    const mallory = await stage.evil.actor('mallory');
    const ask = follow(alice.id, stage.bob);
    stage.expect(await stage.post(ask, alice), 202);
    for (const object of [stage.bob, alice.id]) {
      const forged = activityOf(alice, 'Block', { object });
      stage.expect(await stage.post(forged, mallory), 401);
      await stage.untouched(forged.id);
      stage.expect(await stage.post(activityOf(mallory, 'Block', { object }), mallory), 202);
    }
    must((await stage.members('bob', 'followers')).includes(alice.id), 'alice no longer follows bob');
    return 'alice still follows bob: the block in her name is refused, his own is about nobody but himself';
  },
};
