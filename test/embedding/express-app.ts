/** An Express app with users of its own, at `/ap/actors/:id`, which the Fediverse can follow. */
import express, { type Express } from 'express';
import { type ActorResolver, createInbox, type Inbox, type InboxOptions } from '../../src/index.ts';
import { toNodeHandler } from '../../src/web/node.ts';
import type { Accounts } from './accounts.ts';

/** All that it takes: who is local, where they live, which keys they have. Other paths go on to the app. */
export function embedInbox(app: Express, accounts: Accounts, options: InboxOptions): Inbox {
  const actorsUrl = `${options.origin}/ap/actors/`;
  const actors: ActorResolver = async (by) => {
    const account =
      'url' in by ? await accounts.byId(by.url.slice(actorsUrl.length)) : await accounts.byHandle(by.handle);
    return account && { ...account, id: actorsUrl + account.id };
  };
  const inbox = createInbox({ ...options, actorPath: '/ap/actors/:id', actors });
  app.use(toNodeHandler(inbox));
  return inbox;
}

/** The app itself, which knew nothing of the Fediverse before. Its body parser comes after the inbox. */
export function addRoutes(app: Express, accounts: Accounts): void {
  app.use(express.json());
  app.get('/about', (_, response) => void response.send('About us'));
  app.post('/accounts', async (request, response) => {
    const account = await accounts.add(request.body.handle, request.body.name);
    response.status(201).json({ id: account.id });
  });
}
