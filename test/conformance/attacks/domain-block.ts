/** Ways around a block, and ways to have somebody else blocked or limited. */
import { follow } from '../../fediverse/index.ts';
import { type Attacks, activityOf, must, noteOf, openStage, type Stage } from '../attack.ts';
import { openWorld } from '../world.ts';

async function block(stage: Stage, domain: string): Promise<void> {
  const reply = await stage.world.served.admin(`/domains/${encodeURIComponent(domain)}/block`, {
    reason: 'spam',
  });
  must(reply.status === 200, `block ${domain}: ${reply.status} ${reply.body}`);
  await stage.settled();
}

/** Spellings of the host of a blocked domain, `bad.example` standing for it. */
const SPELLINGS: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toUpperCase(),
  (name) => `${name}.`,
  (name) => `${name}..`,
  (name) => `${name}:8443`,
  (name) => `sub.${name}`,
  (name) => `a.b.c.${name}`,
  (name) => `${name.slice(0, 1)}\u00ad${name.slice(1)}`,
  (name) => name.replace('.', '\u3002'),
  (name) => name.replace('.', '\uff0e'),
  (name) => name.replace('e', '\uff45'),
  (name) => `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`,
  (name) => name.replace('e', '%65').replace('.', '%2e'),
];
const OTHERS: readonly ((name: string) => string)[] = [
  (name) => `not${name}`,
  (name) => `${name}.org`,
  (name) => `x-${name}`,
  (name) => name.replace('e', '\u0435'),
  (name) => `${name.replace('.', '-')}.example`,
];

const inHeader = (text: string): string => Buffer.from(text).toString('latin1');

/** The key lies on a host in good standing, and its owner on the blocked one, spelled like this. */
export async function keyElsewhere(stage: Stage, host: string, at: number): Promise<void> {
  const { port } = stage.neighbours;
  const id = `http://${host}${/:\d+$/.test(host) ? '' : `:${port}`}/users/owner-${at}`;
  const { privateKey, publicKeyPem } = await stage.relay.actor(`holder-${at}`);
  const keyId = `${stage.relay.origin}/keys/${at}`;
  const publicKey = { id: keyId, owner: id, publicKeyPem };
  stage.relay.serve(`/keys/${at}`, publicKey);
  const site = stage.neighbours.site(URL.parse(id)?.hostname.replace(/\.+$/, '') ?? host);
  site.serve(`/users/owner-${at}`, { id, type: 'Person', inbox: `${id}/inbox`, publicKey });
  const activity = activityOf({ id }, 'Follow', { object: stage.bob });
  const { status } = await stage.post(activity, { keyId, privateKey });
  must(status === 401 || status === 403 || status === 400, `owner at ${host}: answered ${status}`);
  await stage.untouched(activity.id);
}

export const domainBlock: Attacks = {
  async 'DB-01'(stage) {
    const bad = stage.evil.name;
    await block(stage, bad);
    const { privateKey } = await stage.evil.actor('mallory');
    const good = await stage.victim.actor('good');
    const knock = async (host: string): Promise<number> => {
      const keyId = inHeader(`http://${host}/users/mallory#main-key`);
      return (await stage.post(activityOf(good, 'Like'), { keyId, privateKey })).status;
    };
    const lookups = stage.neighbours.lookedUp.length;
    for (const spelled of SPELLINGS) {
      const host = spelled(bad);
      const status = await knock(host);
      // A header holds bytes: there a name that is not ASCII is another name, in JSON it is this one.
      must(status === 403 || (status === 401 && /[^ -~]/.test(host)), `${host}: answered ${status}`);
      for (const field of ['id', 'actor']) {
        const activity = activityOf(good, 'Like', { [field]: `http://${host}/users/mallory` });
        stage.expect(await stage.post(activity, good), 400, 401, 403);
        await stage.untouched(activity.id);
      }
    }
    must(stage.evil.fetches() === 0, 'the blocked domain was asked');
    const looked = stage.neighbours.lookedUp.slice(lookups).filter((name) => name.endsWith(bad));
    must(looked.length === 0, `${looked[0]} was looked up`);
    for (const [at, spelled] of SPELLINGS.entries()) await keyElsewhere(stage, spelled(bad), at);
    for (const host of [
      `user@${bad}`,
      `u:p@${bad}`,
      `${bad}\\.good.example`,
      `${bad}%2f.good.example`,
      `${bad}%00.x`,
    ])
      stage.expect({ status: await knock(host) }, 400, 401, 403);
    for (const other of OTHERS) must((await knock(other(bad))) === 401, `${other(bad)} is taken for ${bad}`);
    await block(stage, 'b\u00fccher.example');
    must((await knock('xn--bcher-kva.example')) === 403, 'the A-label is not blocked');
    return `${SPELLINGS.length} spellings in keyId, actor and id are the blocked domain, ${OTHERS.length} look-alikes are not; no fetch`;
  },

  async 'DB-02'(stage) {
    const sub = stage.neighbours.site(`deep.sub.${stage.evil.name}`);
    const mallory = await sub.actor('mallory');
    const before = activityOf(mallory, 'Like');
    stage.expect(await stage.post(before, mallory), 202);
    await stage.processed(before.id);
    await block(stage, stage.evil.name);
    const after = activityOf(mallory, 'Like');
    stage.expect(await stage.post(after, mallory), 403);
    await stage.untouched(after.id);
    const beside = await stage.neighbours.site(`not${stage.evil.name}`).actor('innocent');
    const innocent = activityOf(beside, 'Like');
    stage.expect(await stage.post(innocent, beside), 202);
    await stage.processed(innocent.id);
    return 'a block covers what lies below the domain, with keys known before; a name that only ends alike is let in';
  },

  async 'DB-04'(stage) {
    const mallory = await stage.evil.actor('mallory');
    await block(stage, stage.evil.name);
    const times = stage.world.length === 'long' ? 1_000 : 100;
    const verified = await stage.metric('sallyport_verify_seconds_count');
    const writes = stage.world.writes;
    for (let at = 0; at < times; at += 50) {
      const some = Array.from({ length: 50 }, () => stage.post(activityOf(mallory, 'Like'), mallory));
      for (const reply of await Promise.all(some)) stage.expect(reply, 403);
    }
    must(stage.evil.fetches() === 0, `${stage.evil.fetches()} fetches`);
    must((await stage.metric('sallyport_verify_seconds_count')) === verified, 'a worker was asked');
    must(stage.world.writes === writes, `${stage.world.writes - writes} statements wrote`);
    return `${times} signed posts: no fetch, no worker task, no write`;
  },

  async 'DB-05'(stage) {
    const times = stage.world.length === 'long' ? 1_000 : 100;
    const mallory = await stage.evil.actor('mallory');
    stage.expect(await stage.post(activityOf(mallory, 'Like'), mallory), 202);
    const sending: Promise<unknown>[] = [];
    const ids: string[] = [];
    let blocked: Promise<void> | undefined;
    for (let n = 0; n < times; n++) {
      const activity = activityOf(mallory, 'Announce');
      ids.push(activity.id);
      sending.push(stage.post(activity, mallory).then((reply) => stage.expect(reply, 202, 403)));
      if (n === times >> 1) blocked = block(stage, stage.evil.name);
      if (sending.length % 50 === 0) await Promise.all(sending.splice(0, 25));
    }
    await Promise.all([...sending, blocked]);
    await stage.settled();
    const done = stage.world.handled.filter(({ id }) => ids.includes(id)).length;
    const late = follow(mallory.id, stage.bob);
    stage.expect(await stage.post(late, mallory), 403);
    await stage.settled();
    const { items } = await stage.world.served.inbox.activities.list({
      domain: stage.evil.name,
      status: 'accepted',
    });
    must(items.length === 0, `${items.length} still wait`);
    must(
      stage.world.handled.filter(({ id }) => ids.includes(id)).length === done,
      'effects went on after the block',
    );
    must(!(await stage.members('bob', 'followers')).includes(mallory.id), 'mallory follows bob');
    return `blocked amid ${times} posts: ${done} had been handled, not one after that, nothing left waiting`;
  },

  async 'DB-07'(stage) {
    const options = {
      rateLimit: { limit: 10, window: '1 hour' },
      actorRateLimit: { limit: 4, window: '1 hour' },
    } as const;
    await using world = await openWorld(stage.world.kind, { options });
    const own = openStage(world);
    const [ann, bea, cem] = [
      await own.victim.actor('ann'),
      await own.victim.actor('bea'),
      await own.victim.actor('cem'),
    ];
    const { privateKey } = await own.evil.actor('mallory');
    for (let n = 0; n < 30; n++) {
      own.expect(await own.post(activityOf(ann, 'Like'), null), 401);
      own.expect(await own.post(activityOf(ann, 'Like'), { keyId: ann.keyId, privateKey }), 401, 429);
    }
    must(!(await own.hasDomain(own.victim.name)), 'forged mail counts against the named domain');
    for (let n = 0; n < 4; n++) own.expect(await own.post(activityOf(ann, 'Create'), ann), 202);
    own.expect(await own.post(activityOf(ann, 'Create'), ann), 429);
    own.expect(await own.post(activityOf(bea, 'Like'), bea), 202);
    for (let n = 0; n < 12; n++)
      own.expect(await own.post(activityOf(cem, 'Like'), n % 2 ? cem : cem), 202, 429);
    await own.settled();
    const { items } = await world.served.inbox.domains.list();
    const victim = items.find(({ domain }) => domain === own.victim.name);
    must(victim === undefined || victim.state !== 'blocked', 'the domain was blocked');
    stage.statuses.push(...own.statuses);
    stage.beforeInbox = own.statuses.filter((status) => /^[45]/.test(status)).length;
    return `forgeries count against nobody; one busy actor is cut off for itself; the domain is ${victim?.state ?? 'active'}, not blocked`;
  },

  async 'DB-08'(stage) {
    await using world = await openWorld(stage.world.kind, {
      options: { rateLimit: { limit: 6, window: '1 hour' } },
    });
    const own = openStage(world);
    const ann = await own.victim.actor('ann');
    const dates = [
      '1970-01-01T00:00:00Z',
      '9999-12-31T23:59:59Z',
      'yesterday',
      7,
      null,
      '2026-11-25T12:00:00Z',
    ];
    for (const published of dates) {
      const note = noteOf(ann);
      own.expect(await own.post({ ...note, published, object: { ...note.object, published } }, ann), 202);
    }
    own.expect(await own.post({ ...noteOf(ann), published: '1970-01-01T00:00:00Z' }, ann), 429);
    stage.statuses.push(...own.statuses);
    stage.beforeInbox = 1;
    return `${dates.length} dates, past, future and none: each counts by its arrival, the next one is over the limit`;
  },
};
