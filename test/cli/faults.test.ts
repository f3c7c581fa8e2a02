/** What `sallyport` says when it is told something wrong: everything at once, in the words of who said it, code 2. */

import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { emptyDirectory, run } from './command.ts';

const SLOW = 120_000;

test(
  'lists every fault of the environment and of the configuration file in one message',
  async () => {
    using place = emptyDirectory();
    writeFileSync(
      join(place.directory, 'sallyport.config.ts'),
      'export default { filtres: [], strikeBlock: "soon" };',
    );
    const { code, stdout, stderr } = await run(
      ['start'],
      {
        SALLYPORT_ORIGIN: 'ftp://us.example/path',
        SALLYPORT_LISTEN: 'everywhere',
        SALLYPORT_DATA: join(place.directory, 'data'),
        SALLYPORT_ACTORS: 'alice,bob:lokced',
        SALLYPORT_RATE_LIMIT: '100 per hour',
        SALLYPORT_WORKERS: '0',
        SALLYPORT_MODERATORS: 'maria:boss:secret-word',
        SALLYPORT_ALLOW_PRIVATE_ADDRESS: 'yes',
        SALLYPORT_TRUSTED_PROXIES: '10.0.0.0/99',
        SALLYPORT_PUBLIC_BLOCKLIST: 'perhaps',
        DATABASE_URL: 'mysql://root:hunter2@db/x',
      },
      place.directory,
    );
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    for (const named of [
      'SALLYPORT_ORIGIN',
      'SALLYPORT_LISTEN',
      'SALLYPORT_ACTORS',
      'SALLYPORT_RATE_LIMIT',
      'SALLYPORT_WORKERS',
      'SALLYPORT_MODERATORS',
      'SALLYPORT_ALLOW_PRIVATE_ADDRESS',
      'SALLYPORT_TRUSTED_PROXIES',
      'SALLYPORT_PUBLIC_BLOCKLIST',
      'DATABASE_URL',
      'filtres',
      'strikeBlock',
    ]) {
      expect(stderr).toContain(`  ${named} = `);
    }
    expect(stderr).not.toMatch(/secret-word|hunter2/);
  },
  SLOW,
);

test(
  'a configuration file that is named has to be there, and has to hold an object',
  async () => {
    using place = emptyDirectory();
    const missing = await run(['start'], { SALLYPORT_CONFIG: 'none.json' }, place.directory);
    expect(missing.code).toBe(2);
    expect(missing.stderr).toContain('SALLYPORT_CONFIG = "none.json": there is no such file');
    writeFileSync(join(place.directory, 'list.json'), '[]');
    const list = await run(['start'], { SALLYPORT_CONFIG: 'list.json' }, place.directory);
    expect(list.code).toBe(2);
    expect(list.stderr).toContain('is no JSON object');
  },
  SLOW,
);

test(
  'an address that is taken is no fault of the configuration: code 1, and what to set',
  async () => {
    using place = emptyDirectory();
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      const env = { SALLYPORT_LISTEN: `127.0.0.1:${port}`, SALLYPORT_DATA: place.directory };
      const { code, stderr } = await run(['start'], env, place.directory);
      expect(code).toBe(1);
      expect(stderr).toBe(
        `sallyport: cannot listen on 127.0.0.1:${port}: another process listens there\n` +
          '  set SALLYPORT_LISTEN to another address\n',
      );
    } finally {
      other.close();
    }
  },
  SLOW,
);

test(
  'a database that is not there: code 1, and nothing of its password',
  async () => {
    using place = emptyDirectory();
    const env = {
      SALLYPORT_LISTEN: '127.0.0.1:0',
      SALLYPORT_DATA: place.directory,
      DATABASE_URL: 'postgres://root:hunter2@127.0.0.1:1/x',
    };
    const { code, stdout, stderr } = await run(['start'], env, place.directory);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toContain('the database cannot be reached');
    expect(stderr).not.toContain('hunter2');
  },
  SLOW,
);

test.each([
  [['frobnicate'], /no verb frobnicate; there are start, domains/],
  [['start', '--dmeo'], /Unknown option '--dmeo'/],
  [['start', 'now'], /unexpected: now/],
  [['domains'], /say which: ls, show, impact, block, unblock, limit, reset, review, history/],
  [['domains', 'block', 'bad.example'], /a block has a reason/],
  [['domains', 'block', '--reason', 'spam'], /DOMAIN is missing/],
  [['domains', 'block', 'bad.example', '--reason', 'spam', '--until', 'soon'], /--until is neither a time/],
  [['follows', 'accept'], /ID is missing/],
  [['machines', 'show', 'domain', '--format', 'png'], /--format is mermaid or json/],
  [['domains', 'ls', '--url', 'http://127.0.0.1:1'], /no token/],
])(
  '%j is wrong usage: code 2',
  async (args, said) => {
    using place = emptyDirectory();
    const { code, stdout, stderr } = await run(args, {}, place.directory);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(said);
  },
  SLOW,
);

test(
  'without a server the verbs say so: code 1',
  async () => {
    using place = emptyDirectory();
    const { code, stderr } = await run(['domains', 'ls'], {}, place.directory);
    expect(code).toBe(1);
    expect(stderr).toContain('no running server found in .sallyport: ');
    const elsewhere = await run(['held', 'ls'], { SALLYPORT_DATA: 'data' }, place.directory);
    expect(elsewhere.stderr).toContain('no running server found in data: ');
  },
  SLOW,
);

test(
  'says of an empty list that it is empty, before a server is asked',
  async () => {
    using place = emptyDirectory();
    writeFileSync(join(place.directory, 'blocks.csv'), '\n');
    const address = ['--url', 'http://127.0.0.1:9', '--token', 'x'];
    const { code, stderr } = await run(['lists', 'import', 'blocks.csv', ...address], {}, place.directory);
    expect(code).toBe(2);
    expect(stderr).toContain('blocks.csv is empty');
  },
  SLOW,
);

test(
  '--help explains the command and each verb',
  async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const verb of ['start', 'domains', 'follows', 'held', 'dead', 'machines', 'tail']) {
      expect(stdout).toMatch(new RegExp(`^  ${verb} `, 'm'));
    }
    const start = await run(['start', '--help']);
    expect(start.code).toBe(0);
    expect(start.stdout).toContain('SALLYPORT_ORIGIN');
  },
  SLOW,
);
