/** What breaks the runtime from inside: documents that kill a worker, handlers that fail, lines that forge a log. */
import inspector from 'node:inspector';
import { connect } from 'node:net';
import { type Attacks, activityOf, bytesOf, must, noteOf, openStage } from '../attack.ts';
import { openWorld } from '../world.ts';

const SECOND_MS = 1_000;
/** A line of the log is at most so long, its facts together. */
const LINE_CHARACTERS_MAX = 4_000;

export const runtime: Attacks = {
  async 'RT-01'(stage) {
    const parts = { workerUrl: new URL('../poisoned-worker.ts', import.meta.url) };
    await using world = await openWorld(stage.world.kind, { parts });
    const own = openStage(world);
    const mallory = await own.evil.actor('mallory');
    const anna = await own.victim.actor('anna');
    const kinds = stage.world.length === 'long' ? ['throw', 'exit', 'heap', 'loop'] : ['throw', 'exit'];
    let busy = 0;
    for (const kind of kinds) {
      const poison = activityOf(mallory, 'Like', { summary: `poison: ${kind}` });
      const beside = Array.from({ length: 10 }, () => activityOf(anna, 'Like'));
      const goods = beside.map((activity) => own.post(activity, anna));
      let { status } = await own.post(poison, mallory);
      for (const reply of await Promise.all(goods)) own.expect(reply, 202);
      for (; status === 503 && busy < 8; busy++) ({ status } = await own.post(poison, mallory));
      must(status === 400, `${kind}: answered ${status}`);
      const before = performance.now();
      own.expect(await own.post(poison, mallory), 400);
      must(performance.now() - before < 3 * SECOND_MS, `${kind}: the same poison stopped a worker again`);
      await own.untouched(poison.id);
      for (const { id } of beside) await own.processed(id);
    }
    stage.statuses.push(...own.statuses);
    stage.allow5xx = busy > 0;
    stage.beforeInbox = own.statuses.filter((status) => /^[45]/.test(status)).length;
    must(own.lines().length === stage.beforeInbox, 'not one line for each refusal');
    return `${kinds.join(', ')}: the poison is 400 and remembered, the pool is whole again, all others beside it processed`;
  },

  async 'RT-02'(stage) {
    const tries: number[] = [];
    const seen: string[] = [];
    await using world = await openWorld(stage.world.kind, {
      prepare: (inbox) =>
        void inbox.on(
          'Like',
          ({ id, content }, { attempt }) => {
            if (content !== 'poison') return void seen.push(id);
            tries.push(attempt);
            throw new Error('not this one');
          },
          { name: 'picky' },
        ),
    });
    const own = openStage(world);
    const { inbox, clock } = world.served;
    const mallory = await own.evil.actor('mallory');
    const anna = await own.victim.actor('anna');
    const poison = activityOf(mallory, 'Like', { content: 'poison' });
    const later = activityOf(mallory, 'Like');
    const other = activityOf(anna, 'Like');
    for (const [activity, signer] of [
      [poison, mallory],
      [later, mallory],
      [other, anna],
    ] as const)
      own.expect(await own.post(activity, signer), 202);
    await own.processed(other.id);
    must(seen.includes(other.id), 'another domain waits for the poison');
    must(!seen.includes(later.id), 'order was not kept');
    const deadLetters = async () => (await inbox.dead.list()).items;
    for (let n = 0; n < 400 && (await deadLetters()).length === 0; n++) {
      clock.advance(30 * SECOND_MS);
      // Any activity wakes the handlers.
      if (n % 5 === 0)
        own.expect(await own.post(activityOf(anna, 'Announce'), anna, { date: new Date(clock.now()) }), 202);
      await own.settled();
    }
    const [letter] = await deadLetters();
    must(
      letter?.kind === 'handler' && letter.activityId === poison.id,
      `the dead letter is ${JSON.stringify(letter)}`,
    );
    await own.settled();
    must(seen.includes(later.id), 'its domain does not go on');
    must(tries.length === letter.attempts && tries.length > 1, `${tries.length} tries`);
    stage.statuses.push(...own.statuses);
    return `${tries.length} tries with growing rests, then a dead letter; the others went on, and the domain after it`;
  },

  async 'RT-04'(stage) {
    const anna = await stage.victim.actor('anna');
    const first = noteOf(anna, { content: 'First.' });
    const second = { ...first, object: { ...first.object, content: 'Second.' } };
    stage.expect(await stage.post(first, anna), 202);
    await stage.settled();
    stage.expect(await stage.post(second, anna), 202);
    await stage.processed(first.id);
    const given = stage.world.handled.filter(({ id }) => id === first.id);
    must(
      given.length === 1 && JSON.stringify(given[0]?.raw).includes('First.'),
      'the second one was handed on',
    );
    const history = (await stage.record(first.id))?.history ?? [];
    must(
      history.some(({ what }) => what === 'redelivered'),
      'the second one is not in the history',
    );
    const differing = history.find(
      ({ what, reason }) => what === 'redelivered' && /differ|other/i.test(reason ?? ''),
    );
    must(differing !== undefined, 'the history does not say that the second one was different');
    return 'the first one stands and was handled once; the history says that another text came under its id';
  },

  async 'RT-05'(stage) {
    const anna = await stage.victim.actor('anna');
    const create = noteOf(anna);
    const { id } = create.object;
    const update = activityOf(anna, 'Update', { object: { ...create.object, content: 'Better.' } });
    const gone = activityOf(anna, 'Delete', { object: { id, type: 'Tombstone' } });
    for (const activity of [gone, update, create]) {
      stage.expect(await stage.post(activity, anna), 202);
      await stage.settled();
    }
    const known = await stage.world.served.admin(`/objects?uri=${encodeURIComponent(id as string)}`);
    must(known.status === 200, 'nothing says what is known of an object');
    must((known.json() as { deleted: boolean }).deleted === true, 'the object is there');
    for (const activity of [gone, update, create]) {
      const { status = 'unknown' } = (await stage.record(activity.id)) ?? {};
      must(
        status !== 'failed' && status !== 'accepted' && status !== 'unknown',
        `the ${activity.type} is ${status}`,
      );
    }
    return 'Delete, Update, Create: each comes to its end, and what was deleted stays deleted';
  },

  async 'RT-07'(stage) {
    const mallory = await stage.evil.actor('mallory');
    const nasty = '\\u001b[2J\\u001b]0;x\\u0007 {\\"level\\":\\"error\\"}';
    const odd = activityOf(mallory, 'Like', { name: 'NASTY', summary: 'x'.repeat(900_000) });
    const body = JSON.stringify(odd).replace('NASTY', `a\\r\\nb ${nasty}`);
    stage.expect(
      await stage.post(body, mallory, { headers: { 'user-agent': 'x\u009b31m{"level":"error"}' } }),
      202,
    );
    const ids = [
      `${stage.evil.origin}/x\\r\\nlevel=error`,
      `${stage.evil.origin}/\\u001b[31m`,
      `${stage.evil.origin}/\\u2028y`,
      `${stage.evil.origin}/${'x'.repeat(100_000)}`,
    ];
    for (const id of ids) {
      const text = JSON.stringify(activityOf(mallory, 'Like', { id: 'ID' })).replace('"ID"', `"${id}"`);
      stage.expect(await stage.post(text, mallory), 202, 400, 401);
    }
    const { privateKey } = mallory;
    for (const host of [`${'x'.repeat(63)}.`.repeat(40), 'a\u009b31m.example', 'a%1b%5b31m.example'])
      stage.expect(
        await stage.post(activityOf(mallory, 'Like'), { keyId: `http://${host}/k`, privateKey }),
        401,
      );
    stage.evil.serve('/odd', (_, response) =>
      response.writeHead(200, { 'content-type': 'text/\u009b31m' }).end('{}'),
    );
    stage.expect(
      await stage.post(activityOf(mallory, 'Like'), { keyId: `${stage.evil.origin}/odd`, privateKey }),
      401,
    );
    await stage.settled();
    for (const { message, facts } of stage.lines()) {
      const line = Object.values(facts).map(String).join(' ');
      must(/^[ -~]*$/.test(message), 'a message holds what somebody sent');
      must(
        !/[^ -~\u00a1-\u167f\u3001-\ufefe]/.test(line),
        `a line holds control characters: ${JSON.stringify(line.slice(0, 300))}`,
      );
      must(line.length <= LINE_CHARACTERS_MAX, `a line of ${line.length} characters`);
    }
    return `${stage.lines().length} lines for as many refusals: constant messages, facts escaped and at most ${LINE_CHARACTERS_MAX} characters`;
  },

  async 'RT-08'(stage) {
    const { served } = stage.world;
    must(inspector.url() === undefined, 'a debugger listens');
    const paths = [
      '/console',
      '/console/',
      '/inspector',
      '/inspect',
      '/__inspect',
      '/json/list',
      '/debug',
      '/devtools',
      '/ws',
    ];
    for (const path of paths) {
      const { status } = await served.ask('GET', path);
      must(status === 404 || status === 401, `${path}: answered ${status}`);
    }
    for (const path of [
      '/stream',
      '/transitions',
      '/machines',
      '/domains',
      '/activities',
      '/dead',
      '/openapi.json',
    ]) {
      const { status } = await served.admin(path, undefined, null);
      must(status === 401, `/admin/api${path} without a token: answered ${status}`);
      must((await served.admin(path, undefined, 'guessed')).status === 401, `${path} with a guessed token`);
    }
    const [host, port] = served.address.split(':');
    const upgraded = await new Promise<string>((resolve) => {
      const socket = connect(Number(port), host);
      let text = '';
      socket.on('data', (chunk: Buffer) => {
        text += chunk;
        socket.destroy();
      });
      socket.on('error', () => undefined);
      socket.on('close', () => resolve(text));
      socket.write(
        'GET /inbox HTTP/1.1\r\nHost: us.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n',
      );
    });
    must(!upgraded.startsWith('HTTP/1.1 101'), 'a web socket was opened');
    const anna = await stage.victim.actor('anna');
    stage.expect(await stage.post(activityOf(anna, 'Like'), anna), 202);
    const text = await served.inbox.metrics();
    must(!text.includes('PRIVATE KEY') && !text.includes(anna.id), 'the metrics show keys or people');
    return `nothing listens for an inspector; ${paths.length} likely paths are 404 or 401, the stream wants a token, no web socket opens`;
  },
};

export { bytesOf };
