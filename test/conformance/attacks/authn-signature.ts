/** Authentication: the signature's header, what it covers, and when it is good. */
import { createHash, sign } from 'node:crypto';
import { follow } from '../../fediverse/index.ts';
import {
  type Attacks,
  activityOf,
  bytesOf,
  HOST,
  must,
  ORIGIN,
  type RemoteActor,
  type Stage,
} from '../attack.ts';
import { messageSigned } from '../message-signature.ts';
import type { Line } from '../raw-post.ts';

const sha256 = (body: Uint8Array): string => `SHA-256=${createHash('sha256').update(body).digest('base64')}`;

/** Signs the lines that stand here, whatever they are: `name: value` as the verifier would build them. */
function signLines(
  names: readonly string[],
  fields: Readonly<Record<string, string>>,
  signer: RemoteActor,
  hash = 'sha256',
): string {
  const lines = names.map((name) =>
    name === '(request-target)' ? `${name}: post /inbox` : `${name}: ${fields[name]}`,
  );
  const bytes = sign(hash, Buffer.from(lines.join('\n')), signer.privateKey).toString('base64');
  return `keyId="${signer.keyId}",algorithm="rsa-sha256",headers="${names.join(' ')}",signature="${bytes}"`;
}

const ALL = ['(request-target)', 'host', 'date', 'digest'] as const;

/** A request with these fields signed as they are, and sent as these lines. */
async function refusedLines(
  stage: Stage,
  fields: Readonly<Record<string, string>>,
  extra: (lines: Line[]) => Line[],
): Promise<void> {
  const mallory = await stage.evil.actor('mallory');
  const activity = activityOf(mallory, 'Like');
  const body = bytesOf(activity);
  const all = {
    host: HOST,
    date: new Date(stage.world.served.clock.now()).toUTCString(),
    digest: sha256(body),
    ...fields,
  };
  const signature = signLines(ALL, all, mallory);
  const lines: Line[] = [
    ...Object.entries(all),
    ['content-type', 'application/activity+json'],
    ['signature', signature],
  ];
  stage.expect(await stage.raw(extra(lines), body), 400, 401);
  await stage.untouched(activity.id);
}

async function refusedSigned(stage: Stage, signed: readonly string[]): Promise<string> {
  const mallory = await stage.evil.actor('mallory');
  const activity = activityOf(mallory, 'Follow', { object: stage.bob });
  stage.expect(await stage.post(activity, mallory, { signed }), 401);
  await stage.untouched(activity.id);
  return 'nothing applied';
}

export const authnSignature: Attacks = {
  'AU-10': (stage) => refusedSigned(stage, ['host', 'date', 'digest']),
  'AU-11': (stage) => refusedSigned(stage, ['(request-target)', 'date', 'digest']),

  async 'AU-13'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const activity = activityOf(mallory, 'Like');
    const body = bytesOf(activity);
    const signed = ['(request-target)', 'host', 'date'];
    for (const names of [signed, [...signed, 'digest']]) {
      const { digest: _, ...headers } = stage.signed(body, mallory, { signed: names });
      stage.expect(await stage.raw(Object.entries(headers), body), 401);
    }
    await stage.untouched(activity.id);
    return 'nothing applied, whether the absent digest was listed or not';
  },

  async 'AU-14'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const [first, second] = [activityOf(mallory, 'Like'), activityOf(mallory, 'Like')];
    const headers = stage.signed(bytesOf(first), mallory);
    stage.expect(await stage.raw(Object.entries(headers), bytesOf(second)), 401);
    await stage.untouched(first.id);
    await stage.untouched(second.id);
    return 'the hash is taken of the bytes that came: neither body counts';
  },

  async 'AU-16'(stage) {
    const evil = sha256(Buffer.from('another body'));
    const mallory = await stage.evil.actor('mallory');
    const activity = activityOf(mallory, 'Like');
    const body = bytesOf(activity);
    for (const digest of [`${sha256(body)},${evil}`, `${evil}, ${sha256(body)}`]) {
      stage.expect(await stage.post(body, mallory, { headers: { digest } }), 401);
      const parts = digest.split(',').map((part) => part.trim());
      const headers = stage.signed(body, mallory, { headers: { digest: parts.join(', ') } });
      const lines = Object.entries(headers).flatMap(([name, value]): Line[] =>
        name === 'digest' ? parts.map((part) => [name, part] as const) : [[name, value]],
      );
      stage.expect(await stage.raw(lines, body), 401);
    }
    await stage.untouched(activity.id);
    return 'in one line and in two, in both orders: every listed digest must be that of the body';
  },

  async 'AU-17'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const activity = activityOf(mallory, 'Like');
    const date = new Date(stage.world.served.clock.now() - 2 * 3_600_000);
    stage.expect(await stage.post(activity, mallory, { date }), 401);
    must(/too old/.test(String(stage.lines()[0]?.facts.reason)), 'the log does not say that it was too old');
    await stage.untouched(activity.id);
    return 'nothing applied; the log says that it was too old';
  },

  async 'AU-19'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const activity = activityOf(mallory, 'Like');
    for (const date of [
      'wrong date',
      '',
      '0',
      '1e9',
      'Thu, 30 Feb 2026 10:00:00 GMT',
      new Date(stage.world.served.clock.now()).toISOString(),
    ])
      stage.expect(await stage.post(activity, mallory, { date }), 401);
    await stage.untouched(activity.id);
    return 'six dates that are none, all signed: nothing applied';
  },

  async 'AU-20'(stage) {
    const now = new Date(stage.world.served.clock.now()).toUTCString();
    const old = new Date(0).toUTCString();
    await refusedLines(stage, { date: `${now}, ${old}` }, (lines) =>
      lines.flatMap((line): Line[] =>
        line[0] === 'date'
          ? [
              ['date', now],
              ['date', old],
            ]
          : [line],
      ),
    );
    await refusedLines(stage, {}, (lines) => [...lines, ['Date', old]]);
    return 'joined and signed, or one of the two signed: nothing applied';
  },

  async 'AU-22'(stage) {
    const anna = await stage.victim.actor('anna');
    const ask = follow(anna.id, stage.bob);
    const body = bytesOf(ask);
    const headers = Object.entries(stage.signed(body, anna));
    for (let n = 0; n < 2; n++) stage.expect(await stage.raw(headers, body), 202);
    const replays = stage.world.length === 'long' ? 1_000 : 60;
    for (let at = 0; at < replays; at += 100) {
      const some = Array.from({ length: Math.min(100, replays - at) }, () => stage.raw(headers, body));
      for (const reply of await Promise.all(some)) stage.expect(reply, 202);
    }
    await stage.processed(ask.id);
    const followers = (await stage.members('bob', 'followers')).filter((id) => id === anna.id);
    must(followers.length === 1, `follows ${followers.length} times`);
    const answers = stage.victim.received.filter(({ type }) => type === 'Accept').length;
    must(answers === 1, `${answers} Accepts were sent`);
    return `one follower, one handler call and one Accept for ${replays + 2} deliveries`;
  },

  async 'AU-23'(stage) {
    const anna = await stage.victim.actor('anna');
    const activity = activityOf(anna, 'Like');
    const body = bytesOf(activity);
    const headers = Object.entries(stage.signed(body, anna, { path: '/users/bob/inbox' }));
    stage.expect(await stage.raw(headers, body, { target: '/users/alice/inbox' }), 401);
    await stage.untouched(activity.id);
    return 'a request captured for one inbox is worth nothing at another';
  },

  async 'AU-26'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const activity = activityOf(mallory, 'Like');
    const body = bytesOf(activity);
    for (const algorithm of ['rsa-sha1', 'rsa-sha256', 'hs2019']) {
      const headers = stage.signed(body, mallory);
      const signature = signLines(ALL, headers, mallory, 'sha1').replace('rsa-sha256', algorithm);
      stage.expect(await stage.raw(Object.entries({ ...headers, signature }), body), 401);
    }
    await stage.untouched(activity.id);
    return 'a SHA-1 signature is refused by name and under every other name';
  },

  async 'AU-28'(stage) {
    const anna = await stage.victim.actor('anna');
    const ids: string[] = [];
    for (const algorithm of [null, 'hs2019', 'rsa-sha256']) {
      const activity = activityOf(anna, 'Like');
      stage.expect(await stage.post(activity, anna, { algorithm }), 202);
      ids.push(activity.id);
    }
    for (const id of ids) await stage.processed(id);
    return 'without an algorithm, and with each of the two that are known: processed once each';
  },

  async 'AU-29'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const activity = activityOf(mallory, 'Like');
    for (const algorithm of ['none', 'rsa-md5', '', 'RSA-SHA256', 'rsa-constructor', '__proto__', 'ed25519'])
      stage.expect(await stage.post(activity, mallory, { algorithm }), 401);
    await stage.untouched(activity.id);
    return 'seven names, the empty one among them: nothing applied';
  },

  async 'AU-31'(stage) {
    const anna = await stage.victim.actor('anna');
    const mallory = await stage.evil.actor('mallory');
    const activity = activityOf(anna, 'Like');
    const body = bytesOf(activity);
    const [hers, his] = [stage.signed(body, anna), stage.signed(body, mallory)];
    for (const [one, other] of [
      [hers, his],
      [his, hers],
    ] as const) {
      const lines: Line[] = [...Object.entries(one), ['authorization', `Signature ${other.signature}`]];
      stage.expect(await stage.raw(lines, body), 401);
    }
    const { signature, ...rest } = hers;
    stage.expect(
      await stage.raw([...Object.entries(rest), ['authorization', `Signature ${signature}`]], body),
      401,
    );
    await stage.untouched(activity.id);
    return 'two signatures with two keys are refused, whichever is the right one';
  },

  async 'AU-32'(stage) {
    const anna = await stage.victim.actor('anna');
    const mallory = await stage.evil.actor('mallory');
    const activity = activityOf(mallory, 'Like');
    const twice = ['keyId', 'KEYID', 'headers', 'signature', 'algorithm'];
    for (const name of twice) {
      const value = name.toLowerCase() === 'keyid' ? anna.keyId : 'x';
      for (const tamper of [
        (it: string) => `${name}="${value}",${it}`,
        (it: string) => `${it},${name}="${value}"`,
      ])
        stage.expect(await stage.post(activity, mallory, { tamper }), 401);
    }
    await stage.untouched(activity.id);
    return 'each parameter twice, before and after: nothing applied';
  },

  async 'AU-34'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const activity = activityOf(mallory, 'Like');
    const body = bytesOf(activity);
    const created = Math.floor(stage.world.served.clock.now() / 1_000);
    const url = `${ORIGIN}/inbox`;
    const lacking = [
      { created, covered: ['@method', '@target-uri'], url },
      { created, covered: ['@target-uri', 'content-digest'], url },
      { created, covered: ['@method', 'content-digest'], url },
      { created, covered: ['content-digest'], url },
      { created, covered: [], url },
      { created: null, url },
      { created: created - 2 * 3_600, url },
      { created: created + 3_600, url },
    ];
    for (const signing of lacking)
      stage.expect(await stage.raw(Object.entries(messageSigned(body, mallory, signing)), body), 401);
    await stage.untouched(activity.id);
    return `${lacking.length} signatures that leave out the digest, the method, the target or the time: nothing applied`;
  },

  async 'AU-35'(stage) {
    const anna = await stage.victim.actor('anna');
    const created = Math.floor(stage.world.served.clock.now() / 1_000);
    const send = async (url: string, more: Readonly<Record<string, string>>) => {
      const activity = activityOf(anna, 'Like');
      const body = bytesOf(activity);
      const headers = { ...messageSigned(body, anna, { created, url }), host: HOST, ...more };
      return { id: activity.id, reply: await stage.raw(Object.entries(headers), body) };
    };
    const good = await send(`${ORIGIN}/inbox`, {});
    stage.expect(good.reply, 202);
    await stage.processed(good.id);
    const proxied = await send(`${ORIGIN}/inbox`, {
      'x-forwarded-proto': 'http',
      'x-forwarded-host': 'evil.example',
    });
    stage.expect(proxied.reply, 202);
    for (const url of [`http://${HOST}/inbox`, 'https://evil.example/inbox']) {
      const { id, reply } = await send(url, {
        'x-forwarded-proto': new URL(url).protocol.slice(0, -1),
        'x-forwarded-host': new URL(url).host,
      });
      stage.expect(reply, 401);
      await stage.untouched(id);
    }
    return 'verified over the configured https origin on a plain connection; forwarded headers change nothing';
  },

  async 'AU-37'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const activity = activityOf(mallory, 'Like');
    for (const host of ['other.example', `${HOST}.`, `${HOST}:8443`, `x.${HOST}`])
      stage.expect(await stage.post(activity, mallory, { headers: { host } }), 401, 421);
    await stage.untouched(activity.id);
    return 'a request for four other hosts, signed for them: nothing applied';
  },

  async 'AU-38'(stage) {
    await refusedLines(stage, {}, (lines) => [...lines, ['Host', 'other.example']]);
    await refusedLines(stage, {}, (lines) => [...lines, ['host', HOST]]);
    return 'two Host lines, different or equal: nothing applied';
  },

  async 'AU-40'(stage) {
    const anna = await stage.victim.actor('anna');
    const activity = activityOf(anna, 'Like');
    const body = bytesOf(activity);
    const fields = {
      host: HOST,
      date: new Date(stage.world.served.clock.now()).toUTCString(),
      digest: sha256(body),
    };
    const signature = signLines(ALL, fields, anna).replace(
      ALL.join(' '),
      '(Request-Target) HOST Date digest',
    );
    const lines: Line[] = [
      ...([
        ['HOST', `  ${fields.host}  `],
        ['dAtE', `\t${fields.date} `],
        ['DIGEST', ` ${fields.digest}`],
      ] as const),
      ['Content-Type', 'application/activity+json'],
      ['SIGNATURE', signature.replaceAll(',', ' , ')],
    ];
    const reply = await stage.raw(lines, body);
    stage.expect(reply, 202);
    await stage.processed(activity.id);
    return 'names in any case, white space around values and parameters: processed once';
  },
};
