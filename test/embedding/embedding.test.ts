/**
 * Two services with users of their own embed the runtime: a Hono app through `inbox.fetch`, an Express app through
 * `toNodeHandler`. Their users, URLs and keys were there first; Fedify follows somebody who joined after the start.
 */
import { readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import express from 'express';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Inbox, InboxOptions } from '../../src/index.ts';
import { databases } from '../databases.ts';
import type { Fedify } from '../peers/fedify.ts';
import { NEIGHBOURHOOD_MS, type Neighbourhood, openNeighbourhood } from '../peers/neighbourhood.ts';
import { type Account, type Accounts, createAccounts } from './accounts.ts';
import * as expressApp from './express-app.ts';
import * as honoApp from './hono-app.ts';

interface Service {
  readonly name: string;
  readonly file: string;
  /** Where an account's actor lives. */
  pathOf(account: Account): string;
  build(accounts: Accounts, options: InboxOptions): { inbox: Inbox; listener: RequestListener };
}

const hono: Service = {
  name: 'a Hono app',
  file: 'hono-app.ts',
  pathOf: ({ handle }) => `/@${handle}`,
  build(accounts, options) {
    const app = honoApp.createApp(accounts);
    const inbox = honoApp.embedInbox(app, accounts, options);
    return { inbox, listener: getRequestListener(app.fetch, { overrideGlobalObjects: false }) };
  },
};
const onExpress: Service = {
  name: 'an Express app',
  file: 'express-app.ts',
  pathOf: ({ id }) => `/ap/actors/${id}`,
  build(accounts, options) {
    const app = express();
    const inbox = expressApp.embedInbox(app, accounts, options);
    expressApp.addRoutes(app, accounts);
    return { inbox, listener: app };
  },
};
const services = [hono, onExpress];

test.each(services)('$name takes less than 15 lines to embed the runtime', ({ file }) => {
  const text = readFileSync(new URL(file, import.meta.url), 'utf8');
  const imports = text.match(/^import .* from '\.\.\/\.\.\/src\/.*$/gm) ?? [];
  const [embedding = ''] = /^export function embedInbox[\s\S]*?^}$/m.exec(text) ?? [];
  expect(imports.length).toBeGreaterThan(0);
  expect(embedding).toContain('createInbox');
  const lines = [...imports, ...embedding.split('\n')].filter((line) => !/^\s*(\/\/.*)?$/.test(line));
  expect(lines.length).toBeLessThan(15);
});

const cases = services.flatMap((service) =>
  databases.map((kind) => ({ ...service, kind, title: `${service.name} on ${kind.name}` })),
);

describe.each(cases)('$title', ({ kind, pathOf, build }) => {
  let neighbourhood: Neighbourhood;
  let fedify: Fedify;
  let inbox: Inbox;
  let origin: string;
  const accounts = createAccounts();

  /** Somebody joins the service, through its own API. */
  async function join(handle: string, name: string): Promise<Account> {
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ handle, name });
    const response = await fetch(`${origin}/accounts`, { method: 'POST', headers, body });
    expect(response.status).toBe(201);
    return (await accounts.byHandle(handle)) as Account;
  }
  const statusOf = async (path: string, method = 'GET'): Promise<number> =>
    (await fetch(origin + path, { method })).status;
  const about = async (): Promise<string> => (await fetch(`${origin}/about`)).text();

  beforeAll(async () => {
    neighbourhood = await openNeighbourhood(kind);
    fedify = neighbourhood.fedify;
    const built = build(accounts, neighbourhood.options);
    inbox = built.inbox;
    origin = inbox.origin;
    neighbourhood.door.serve(built.listener);
  }, NEIGHBOURHOOD_MS);
  afterAll(async () => {
    await inbox?.close();
    await neighbourhood?.[Symbol.asyncDispose]();
  });

  test('the service answers its own routes before the runtime has started, and only those', async () => {
    expect(await about()).toBe('About us');
    expect(await statusOf('/no-such-page')).toBe(404);
    expect(await statusOf('/inbox', 'POST')).toBe(503);
    await inbox.start();
  });

  test('the service answers its own routes beside the runtime', async () => {
    expect(await about()).toBe('About us');
    expect(await statusOf('/no-such-page')).toBe(404);
    expect(await statusOf('/accounts')).toBe(404);
  });

  test('a user who joins after the start is found by Fedify, by name and by URL', async () => {
    const account = await join('lena', 'Lena');
    const id = origin + pathOf(account);
    const found = {
      id,
      type: 'Person',
      handle: 'lena',
      name: 'Lena',
      inbox: `${id}/inbox`,
      sharedInbox: `${origin}/inbox`,
      keyIds: [`${id}#main-key`],
      isLocked: false,
    };
    const { host } = new URL(origin);
    expect(await fedify.ask('look', `@lena@${host}`)).toEqual(found);
    expect(await fedify.ask('look', id)).toEqual(found);
    expect(await fedify.ask('webFinger', `acct:lena@${host}`)).toMatchObject({
      subject: `acct:lena@${host}`,
      links: expect.arrayContaining([{ rel: 'self', type: 'application/activity+json', href: id }]),
    });
    expect(await fedify.ask('webFinger', `acct:nobody@${host}`)).toBeNull();
  });

  test('a user has the key that the service gave, and no other', async () => {
    const account = await join('mia', 'Mia');
    const response = await fetch(origin + pathOf(account), {
      headers: { accept: 'application/activity+json' },
    });
    const { publicKey } = (await response.json()) as { publicKey: { publicKeyPem: string } };
    expect(publicKey.publicKeyPem).toBe(account.keys.publicKeyPem);
  });

  test('Fedify follows a user who joined after the start, and verifies the Accept', async () => {
    const account = await join('nora', 'Nora');
    const id = origin + pathOf(account);
    const follow = await fedify.ask('follow', { as: 'olaf', whom: id });
    const accepted = await fedify.arrival(({ object }) => object === follow);
    expect(accepted).toMatchObject({ type: 'Accept', actor: id, recipient: 'olaf' });
    const { items } = await inbox.actors.collection('nora', 'followers');
    expect(items).toEqual([fedify.actor('olaf')]);
    expect(await fedify.ask('followers', id)).toEqual([fedify.actor('olaf')]);

    await fedify.ask('undo', { as: 'olaf', whose: id, what: follow });
    await inbox.settled();
    expect(await fedify.ask('followers', id)).toEqual([]);
  });

  test('a user of the service follows somebody on Fedify', async () => {
    const account = await join('otto', 'Otto');
    const { activityId } = await inbox.actors.follow('otto', fedify.actor('pia'));
    const arrived = await fedify.arrival(({ id }) => id === activityId);
    expect(arrived).toMatchObject({ type: 'Follow', actor: origin + pathOf(account) });
    await inbox.settled();
    expect((await inbox.actors.collection('otto', 'following')).items).toEqual([fedify.actor('pia')]);
  });

  test('what a user of the service says is found at the ids that it has', async () => {
    await join('rosa', 'Rosa');
    const note = { type: 'Note', content: 'Hello', to: 'https://www.w3.org/ns/activitystreams#Public' };
    const { activityId, object } = await inbox.actors.send('rosa', note);
    for (const url of [activityId, object as string, `${object}/likes`]) {
      const response = await fetch(url);
      expect([url, response.status]).toEqual([url, 200]);
    }
  });

  test('the inbox of nobody is not found, and neither is nobody', async () => {
    const nobody = pathOf({
      id: 'u9',
      handle: 'nobody',
      name: '',
      keys: { publicKeyPem: '', privateKeyPem: '' },
    });
    expect(await statusOf(nobody)).toBe(404);
    const headers = { 'content-type': 'application/activity+json' };
    const response = await fetch(`${origin}${nobody}/inbox`, { method: 'POST', headers, body: '{}' });
    expect(response.status).toBe(404);
  });

  test('the service goes on answering its own routes when the runtime is closed', async () => {
    await inbox.close();
    expect(await about()).toBe('About us');
    expect(await statusOf('/no-such-page')).toBe(404);
    expect(await statusOf('/inbox', 'POST')).toBe(503);
  });
});
