/** A Hono app with users of its own, at `/@name`, which the Fediverse can follow. */
import { getConnInfo } from '@hono/node-server/conninfo';
import { Hono } from 'hono';
import { type ActorResolver, createInbox, type Inbox, type InboxOptions } from '../../src/index.ts';
import type { Accounts } from './accounts.ts';

/** All that it takes: who is local, where they live, which keys they have, and which paths are the inbox's. */
export function embedInbox(app: Hono, accounts: Accounts, options: InboxOptions): Inbox {
  const actors: ActorResolver = async (by) => {
    const handle = 'url' in by ? new URL(by.url).pathname.slice('/@'.length) : by.handle;
    const account = await accounts.byHandle(handle);
    return account && { ...account, id: `${options.origin}/@${handle}` };
  };
  const inbox = createInbox({ ...options, actorPath: '/@:name', actors });
  const paths = ['/inbox', '/:actor{@.+}', '/notes/*', '/.well-known/*', '/nodeinfo/*'];
  for (const path of paths) app.all(path, (c) => inbox.fetch(c.req.raw, getConnInfo(c).remote));
  return inbox;
}

/** The app itself, which knew nothing of the Fediverse before. */
export function createApp(accounts: Accounts): Hono {
  const app = new Hono();
  app.get('/about', (c) => c.text('About us'));
  app.post('/accounts', async (c) => {
    const { handle, name } = await c.req.json<{ handle: string; name: string }>();
    const account = await accounts.add(handle, name);
    return c.json({ id: account.id }, 201);
  });
  return app;
}
