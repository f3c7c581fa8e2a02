/** A service of the tutorials over TCP, with a moderator, neighbours, and a mail server. Everything is real but the clock. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Activity, ActivityRecord, DomainRecord, InboxOptions } from '../../src/index.ts';
import { type MailServer, mailServer } from '../alerts/receivers.ts';
import { pglite } from '../databases.ts';
import {
  create,
  type NoteOptions,
  type RemoteActor,
  type RemoteDomain,
  type Reply,
  type Sent,
  type Signer,
} from '../fediverse/index.ts';
import { ORIGIN, type Served, serve } from '../inbox/served.ts';
import { blockSwarms, moderation } from './moderated-service.ts';

export const ALICE = `${ORIGIN}/users/alice`;
export const BOB = `${ORIGIN}/users/bob`;
export const DAY_MS = 86_400_000;

export interface Place extends AsyncDisposable {
  readonly served: Served;
  readonly mail: MailServer;
  /** What the service's own handler was given. */
  readonly handled: readonly Activity[];
  /** A request of the moderator maria; its answer, when what she decided is in force. */
  maria<T>(path: string, body?: unknown): Promise<T>;
  domainOf(domain: RemoteDomain): Promise<DomainRecord>;
  /** A domain of which moderators think well, and somebody who lives there: the queue is not for it. */
  neighbour(): Promise<{ home: RemoteDomain; ann: RemoteActor }>;
  send(activity: Sent, signer: Signer, to?: string): Promise<Reply>;
  /** A post to alice, of now. */
  note(actor: RemoteActor, content: string, more?: NoteOptions): Sent;
  /** What became of an activity, once everything has come to rest. */
  outcome(activity: Sent): Promise<ActivityRecord | undefined>;
  /** The domain is open again. To be called before whatever brings it about. */
  reopened(domain: RemoteDomain): Promise<void>;
  inboxOf(user: string): Promise<readonly string[]>;
}

/** The service with its handlers. */
export async function openPlace(spamService?: string, more: Partial<InboxOptions> = {}): Promise<Place> {
  const mail = await mailServer();
  const handled: Activity[] = [];
  const around = { mailServer: mail.url, moderatorMails: ['moderators@social.example'], spamService };
  const served = await serve({ kind: pglite }, { ...moderation(around), ...more }, (inbox) => {
    blockSwarms(inbox, { accounts: 3 });
    inbox.on('*', (activity) => void handled.push(activity), { name: 'the service' });
  });
  const { inbox, clock } = served;
  const maria = async <T>(path: string, body?: unknown): Promise<T> => {
    const reply = await served.admin(path, body, 'moderator-token');
    if (body !== undefined) await inbox.settled();
    return reply.json() as T;
  };
  return {
    ...{ served, mail, handled, maria },
    domainOf: ({ domain }) => maria(`/domains/${domain}`),
    async neighbour() {
      const home = await served.remote();
      await inbox.trusted.add({ domain: home.domain }, { reason: 'known for years', by: 'maria' });
      return { home, ann: await home.actor('ann') };
    },
    send: (activity, signer, to = '/users/alice/inbox') => served.post(to, activity, signer),
    note: (actor, content, wish = {}) =>
      create(actor.id, { content, to: [ALICE], published: new Date(clock.now()), ...wish }),
    async outcome({ id }) {
      await inbox.settled();
      return (await inbox.activities.list({ activityId: id })).items[0];
    },
    async reopened({ domain }) {
      await new Promise<void>((resolve) => {
        const heard = inbox.onTransition('domain', ({ key, to }) => {
          if (key !== domain || to !== 'active') return;
          heard[Symbol.dispose]();
          resolve();
        });
      });
      await inbox.settled();
    },
    inboxOf: async (user) => (await inbox.actors.collection(user, 'inbox')).items,
    async [Symbol.asyncDispose]() {
      await served[Symbol.asyncDispose]();
      await mail[Symbol.asyncDispose]();
    },
  };
}

/** A service of somebody else's that knows spam. */
export interface Classifier extends AsyncDisposable {
  readonly url: string;
  readonly asked: unknown[];
  /** Its answer; null when it is out of order. */
  says: object | null;
}

export async function openClassifier(): Promise<Classifier> {
  const asked: unknown[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    asked.push(JSON.parse(Buffer.concat(chunks).toString()));
    const { says } = service;
    response.writeHead(says === null ? 500 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(says));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const service: Classifier = {
    ...{ url: `http://127.0.0.1:${portOf(server)}/check`, asked, says: { verdict: 'accept' } },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
  return service;
}

export const portOf = (server: Server): number => (server.address() as AddressInfo).port;
