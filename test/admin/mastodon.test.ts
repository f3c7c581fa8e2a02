/** Mastodon's admin API as its tools meet it: the client library `masto`, and what only raw requests show. */
import { createRestAPIClient, MastoHttpError, type mastodon } from 'masto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pglite } from '../databases.ts';
import { create, follow, type RemoteActor, type RemoteDomain } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, type Served, serve } from '../inbox/served.ts';

let served: Served;
let home: RemoteDomain;
let ann: RemoteActor;
const clientOf = (token: string) =>
  createRestAPIClient({ url: `http://${served.address}`, accessToken: token }).v1.admin;
let admin: mastodon.rest.v1.AdminResource;
beforeAll(async () => {
  served = await serve({ kind: pglite });
  admin = clientOf('admin-token');
  home = await served.remote();
  ann = await home.actor('ann');
}, PATIENCE);
afterAll(() => served[Symbol.asyncDispose](), PATIENCE);

const BOUNDARY = 'boundary-of-thirty-characters';

/** The error of a call that must fail. */
async function errorOf(call: PromiseLike<unknown>): Promise<MastoHttpError> {
  const error = await Promise.resolve(call).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(MastoHttpError);
  return error as MastoHttpError;
}
const raw = (method: string, path: string, body?: string, type = 'application/json', token = 'admin-token') =>
  served.ask(
    method,
    `/api/v1/admin${path}`,
    {
      ...(token !== '' && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': type }),
    },
    body === undefined ? undefined : Buffer.from(body),
  );

describe('a client of the library masto', () => {
  test('makes, reads, changes and removes a block, and each is in force at the gate', async () => {
    const knock = () => served.post('/inbox', create(ann.id), ann);
    expect((await knock()).status).toBe(202);
    const made = await admin.domainBlocks.create({
      domain: home.domain,
      severity: 'suspend',
      publicComment: 'spam',
    });
    expect(made).toMatchObject({ domain: home.domain, severity: 'suspend', publicComment: 'spam' });
    expect(made).toMatchObject({
      rejectMedia: false,
      rejectReports: false,
      obfuscate: false,
      privateComment: null,
    });
    expect(made.id).toMatch(/^\d+$/);
    expect(made.digest).toMatch(/^[0-9a-f]{64}$/);
    expect((await knock()).status).toBe(403);
    expect(await served.inbox.domains.get(home.domain)).toMatchObject({
      state: 'blocked',
      reason: 'spam',
      by: 'admin',
    });

    const block = admin.domainBlocks.$select(made.id);
    expect(await block.fetch()).toEqual(made);
    const changed = await block.update({ severity: 'noop', rejectMedia: true, privateComment: 'enough' });
    expect(changed).toEqual({ ...made, severity: 'noop', rejectMedia: true, privateComment: 'enough' });
    expect((await knock()).status).toBe(202);

    expect(await block.remove()).toEqual({});
    expect((await errorOf(block.fetch())).statusCode).toBe(404);
    expect((await errorOf(block.remove())).message).toBe('Record not found');
  });

  test('pages through all blocks, newest first, and back', async () => {
    const names = Array.from({ length: 7 }, (_, n) => `page${n}.example`);
    for (const domain of names) await admin.domainBlocks.create({ domain });
    const pages: string[][] = [];
    for await (const page of admin.domainBlocks.list({ limit: 3 }))
      pages.push(page.map(({ domain }) => domain));
    expect(pages.flat()).toEqual(names.toReversed());
    expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);

    const [first] = await admin.domainBlocks.list({ limit: 1 });
    const oldest = (await admin.domainBlocks.list()).at(-1);
    const after = await raw('GET', `/domain_blocks?limit=2&min_id=${oldest?.id}`);
    const domains = (after.json() as { domain: string }[]).map(({ domain }) => domain);
    expect(domains).toEqual(['page2.example', 'page1.example']);
    expect(after.headers.link).toMatch(
      /^<https?:\/\/\S+\/api\/v1\/admin\/domain_blocks\?limit=2&max_id=\d+>; rel="next", <\S+&min_id=\d+>; rel="prev"$/,
    );
    expect((await raw('GET', `/domain_blocks?since_id=${first?.id}`)).json()).toEqual([]);
    expect((await raw('GET', `/domain_blocks?max_id=${first?.id}&limit=1000`)).json()).toHaveLength(6);
  });

  test('hears in its own errors what is wrong', async () => {
    const blank = await errorOf(admin.domainBlocks.create({ domain: '' }));
    expect([blank.statusCode, blank.message]).toEqual([422, "Validation failed: Domain can't be blank"]);
    const odd = await errorOf(admin.domainBlocks.create({ domain: 'a b' }));
    expect([odd.statusCode, odd.message]).toEqual([
      422,
      'Validation failed: Domain is not a valid domain name',
    ]);
    const { id } = await admin.domainBlocks.create({ domain: 'odd.example' });
    const severity = await errorOf(
      admin.domainBlocks.$select(id).update({ severity: 'murder' as 'silence' }),
    );
    expect([severity.statusCode, severity.message]).toEqual([
      ...[422, 'Validation failed: Severity is not included in the list'],
    ]);
    const forbidden = await errorOf(clientOf('viewer-token').domainBlocks.create({ domain: 'x.example' }));
    expect([forbidden.statusCode, forbidden.message]).toEqual([403, 'This action is not allowed']);
    expect(await clientOf('viewer-token').domainBlocks.$select(id).fetch()).toMatchObject({
      domain: 'odd.example',
    });
    const unknown = await errorOf(clientOf('nobody').domainBlocks.list());
    expect([unknown.statusCode, unknown.message]).toEqual([401, 'The access token is invalid']);
    expect((await errorOf(admin.domainBlocks.$select('999999').fetch())).statusCode).toBe(404);
  });

  test('is told of a block that goes as far already, of the domain or of a parent', async () => {
    const parent = await admin.domainBlocks.create({ domain: 'Parent.Example', severity: 'silence' });
    expect(parent.domain).toBe('parent.example');
    const again = await errorOf(admin.domainBlocks.create({ domain: 'parent.example', severity: 'suspend' }));
    expect([again.statusCode, again.message]).toEqual([
      ...[422, 'You have already imposed stricter limits on parent.example.'],
    ]);
    expect(again.additionalProperties?.existingDomainBlock).toEqual(parent);
    const child = await errorOf(
      admin.domainBlocks.create({ domain: 'child.parent.example', severity: 'noop' }),
    );
    expect(child.additionalProperties?.existingDomainBlock).toMatchObject({ id: parent.id });
    const harder = await admin.domainBlocks.create({ domain: 'child.parent.example', severity: 'suspend' });
    expect(harder).toMatchObject({ severity: 'suspend' });
  });

  test('allows a domain, and takes that back', async () => {
    const allow = await admin.domainAllows.create({ domain: 'friends.example' });
    expect(allow).toEqual({
      id: expect.any(String),
      domain: 'friends.example',
      createdAt: expect.any(String),
    });
    expect(await admin.domainAllows.create({ domain: 'friends.example' })).toEqual(allow);
    expect(await admin.domainAllows.list()).toEqual([allow]);
    expect(await admin.domainAllows.$select(allow.id).fetch()).toEqual(allow);
    // An allowed domain is no block, whatever its id.
    expect((await errorOf(admin.domainBlocks.$select(allow.id).fetch())).statusCode).toBe(404);
    await admin.domainAllows.$select(allow.id).remove();
    expect(await admin.domainAllows.list()).toEqual([]);
    expect((await errorOf(admin.domainAllows.$select(allow.id).fetch())).statusCode).toBe(404);
    expect((await errorOf(admin.domainAllows.create({ domain: ' ' }))).message).toContain("can't be blank");
  });

  test('measures what would be cut off', async () => {
    const followed = follow(ann.id, `${ORIGIN}/users/alice`);
    expect((await served.post('/inbox', followed, ann)).status).toBe(202);
    await served.inbox.actors.follow('bob', ann.id);
    await served.inbox.settled();
    const today = new Date(served.clock.now());
    const about = { domain: home.domain };
    const measured = await admin.measures.create({
      keys: [
        'instance_follows',
        'instance_followers',
        'instance_statuses',
        'instance_media_attachments',
        'new_users',
      ],
      startAt: new Date(today.getTime() - 86_400_000).toISOString(),
      endAt: today.toISOString(),
      ...{ instanceFollows: about, instanceFollowers: about },
      ...{ instanceStatuses: about, instanceMediaAttachments: about },
    });
    const totals = measured.map(({ key, total }) => [key, total]);
    expect(totals).toEqual([
      ['instance_follows', '0'],
      ['instance_followers', '1'],
      ['instance_statuses', '2'],
      ['instance_media_attachments', '0'],
    ]);
    expect(measured[1]?.data).toEqual([
      { date: expect.stringMatching(/T00:00:00\.000\+00:00$/), value: '0' },
      { date: `${today.toISOString().slice(0, 10)}T00:00:00.000+00:00`, value: '1' },
    ]);
    const missing = await raw(
      'POST',
      '/measures',
      '{"keys":["instance_follows"],"start_at":"2025-01-01","end_at":"2025-01-02"}',
    );
    expect([missing.status, missing.json()]).toEqual([
      400,
      { error: 'param is missing or the value is empty: instance_follows' },
    ]);
  });
});

describe('a rule of a list', () => {
  const SOURCE = 'list:elsewhere';
  test('is shown as any other, and a change or a removal is the word of a person against it', async () => {
    const put = [
      { domain: 'listed.example', severity: 'block' as const, publicComment: 'says the list' },
      { domain: 'gone.example', severity: 'silence' as const },
    ];
    await (await served.inbox.rules.apply({ source: SOURCE, put, remove: [] }, { by: SOURCE, kind: 'list' }))
      .settled;
    const of = async (domain: string) =>
      (await admin.domainBlocks.list()).find((one) => one.domain === domain);
    const listed = await of('listed.example');
    expect(listed).toMatchObject({ severity: 'suspend', publicComment: 'says the list' });

    const changed = await admin.domainBlocks.$select(listed?.id as string).update({ severity: 'silence' });
    expect(changed).toEqual({ ...listed, severity: 'silence' });
    expect((await served.inbox.rules.of('listed.example')).effective).toMatchObject({
      source: 'manual',
      severity: 'silence',
    });

    const gone = await of('gone.example');
    for (const { id } of [gone, changed] as { id: string }[]) await admin.domainBlocks.$select(id).remove();
    expect([await of('gone.example'), await of('listed.example')]).toEqual([undefined, undefined]);
    expect((await errorOf(admin.domainBlocks.$select(gone?.id as string).remove())).statusCode).toBe(404);
    const { rules, effective } = await served.inbox.rules.of('listed.example');
    expect(rules.map(({ source, severity }) => [source, severity])).toEqual([
      [SOURCE, 'block'],
      ['manual', 'none'],
    ]);
    expect(effective).toMatchObject({ severity: 'none', source: 'manual' });
    // Blocked once more by a person, it is there again under the number that it had.
    const again = await admin.domainBlocks.create({ domain: 'listed.example', severity: 'suspend' });
    expect(again.id).toBe(listed?.id);
  });
});

describe('raw requests', () => {
  test('may be forms, and have their parameters in the query', async () => {
    const form =
      'domain=form.example&severity=suspend&reject_media=true&reject_reports=0&public_comment=a+%26+b';
    const made = await raw('POST', '/domain_blocks', form, 'application/x-www-form-urlencoded');
    expect([made.status, made.json()]).toMatchObject([
      ...[200, { severity: 'suspend', reject_media: true, reject_reports: false, public_comment: 'a & b' }],
    ]);
    const { id } = made.json() as { id: string };
    const put = await raw('PUT', `/domain_blocks/${id}?severity=noop&public_comment=`);
    expect(put.json()).toMatchObject({ severity: 'noop', reject_media: true, public_comment: null });
    const parts = `--${BOUNDARY}\r\ncontent-disposition: form-data; name="domain"\r\n\r\nparts.example\r\n--${BOUNDARY}--\r\n`;
    const multipart = await raw('POST', '/domain_blocks', parts, `multipart/form-data; boundary=${BOUNDARY}`);
    expect(multipart.json()).toMatchObject({ domain: 'parts.example', severity: 'silence' });
    const keys =
      'keys[]=instance_follows&instance_follows[domain]=form.example&start_at=2025-01-01&end_at=2025-01-03';
    const measures = (await raw('POST', '/measures', keys, 'application/x-www-form-urlencoded')).json();
    expect(measures).toMatchObject([{ key: 'instance_follows', total: '0', unit: null, data: [{}, {}, {}] }]);
  });

  test('get Mastodon’s words when they are wrong, and never a fault of ours', async () => {
    expect([(await raw('GET', '/nothing')).status, (await raw('GET', '/domain_blocks/x')).status]).toEqual([
      404, 404,
    ]);
    const none = await raw('GET', '/domain_blocks', undefined, '', '');
    expect([none.status, none.json()]).toEqual([401, { error: 'The access token is invalid' }]);
    expect((await raw('DELETE', '/domain_blocks')).headers.allow).toBe('GET, POST');
    const bodies = [
      '{',
      '[]',
      'null',
      '5',
      '{"domain":5}',
      '{"domain":{}}',
      '{"domain":"\\u0000.example"}',
      '{"domain":["x"]}',
    ];
    for (const body of [...bodies, '{"domain":"localhost:1"}', '\uffff'])
      for (const type of ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
        const { status } = await raw('POST', '/domain_blocks', body, type);
        expect([body, type, [400, 422].includes(status)]).toEqual([body, type, true]);
      }
    expect((await raw('PUT', '/domain_blocks/99999999999999999999', '{}')).status).toBe(404);
    expect((await raw('POST', '/domain_blocks', `{"domain":"${new URL(ORIGIN).hostname}"}`)).status).toBe(
      422,
    );
    expect(served.errors).toEqual([]);
  });

  test('that come all at once are done one after the other', async () => {
    const names = Array.from({ length: 12 }, (_, n) => `many${n}.example`);
    const made = await Promise.all(names.map((domain) => admin.domainBlocks.create({ domain })));
    expect(made.map(({ domain }) => domain)).toEqual(names);
  });
});

test('the public list is nobody’s path where it is switched off, which is the default', async () => {
  for (const shell of ['node:http', 'fetch'] as const) {
    const { status, body } = await served.through(shell).ask('GET', '/api/v1/instance/domain_blocks');
    expect([shell, status, body]).toEqual([shell, 404, '']);
  }
});
