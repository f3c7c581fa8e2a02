/**
 * Two pages on moderation, "Block Spam and Malicious Servers" and "Content Moderation and Spam Prevention", rebuilt step
 * by step as one service. The headings are theirs. What they build by hand is an option here or a verb; what is left to
 * write is what only the service can know. `node test/tutorials/moderated-service.ts` runs it on an embedded database.
 */
import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { getRequestListener } from '@hono/node-server';
import { authorizeByToken, createAdmin } from '../../src/admin/index.ts';
import { createInbox, type Inbox, type InboxOptions } from '../../src/index.ts';
import { shutdownOn, toNodeHandler } from '../../src/web/node.ts';

/** What lies around the service. Without a mail server nobody is told; without a spam service none is asked. */
export interface Surroundings {
  readonly mailServer?: string | undefined;
  readonly moderatorMails: readonly string[];
  readonly spamService?: string | undefined;
}

/** Everything that needs no code. */
export function moderation({ mailServer, moderatorMails, spamService }: Surroundings) {
  return {
    // "Implement Rate Limiting". The 101st in an hour is answered 429 until the hour is over, and the domain heals by
    // itself. A window starts with its first activity and ends, however many more come. Only who has signed is counted.
    rateLimit: { limit: 100, window: '1 hour' },

    // "Create Automatic Spam Detection". Running into the limit is a strike, and so is a post with the words below. The
    // third one blocks the domain, for a week; in good standing strikes are forgotten after 30 days.
    blockAfterStrikes: 3,
    strikeBlock: '7 days',

    filters: [
      // "Filter Content Before Processing": dropped, and that is all.
      { use: 'keywords', name: 'spam', words: ['spam'], verdict: 'drop', strike: false },
      // "Add Content Filtering with Document Processors": dropped, and a strike.
      {
        use: 'keywords',
        name: 'advertising',
        words: ['buy now', 'click here', 'limited offer'],
        verdict: 'drop',
      },
      // "Next Steps": integrate with external spam detection services. When it is away, mail goes on.
      ...(spamService === undefined
        ? []
        : [{ use: 'external', url: spamService, timeout: '1 second', fallback: 'accept' } as const]),
      // "Create a Moderation Queue": accounts of less than a day, and everybody who was never seen before. What is held
      // is stored whole; approved, it acts as if it had just come.
      { use: 'account-age', olderThan: '1 day', unknown: 'accept', verdict: 'hold' },
      { use: 'first-contact', verdict: 'hold' },
    ],

    // "Add Monitoring and Alerts": one mail for each automatic block.
    alerts:
      mailServer === undefined
        ? []
        : [{ use: 'mail', url: mailServer, from: 'inbox@social.example', to: moderatorMails }],

    // "Next Steps": a public blocklist, with the reasons that are meant for the public. What is published can be read by
    // everybody; a service that keeps its list to itself leaves this out and says `blockedAnswer: 202`.
    publicBlocklist: { comments: true },
  } as const satisfies Partial<InboxOptions>;
}

/**
 * "Automatically Block Domains": the third level. A handler sees what has had its effect, looks for a pattern, and keeps
 * the domain out from then on. Here: many accounts of one domain follow somebody within an hour. It blocks for a day and
 * asks a person to look at it; `by: 'handler'` says that nobody decided it, so moderators are told.
 */
export function blockSwarms(inbox: Inbox, { accounts }: { accounts: number }): void {
  inbox.on('Follow', async ({ actor, receivedAt }, { log }) => {
    const { domain } = actor;
    const { items } = await inbox.activities.list({ domain, type: 'Follow', limit: 200 });
    const since = receivedAt.getTime() - 3_600_000;
    const lately = new Set(
      items.filter((follow) => Date.parse(follow.receivedAt) > since).map((follow) => follow.actor),
    );
    if (lately.size < accounts || (await inbox.domains.get(domain)).state === 'blocked') return;
    const until = new Date(receivedAt.getTime() + 86_400_000);
    const reason = `${lately.size} accounts followed within an hour`;
    await inbox.domains.block(domain, { reason, until, reviewAt: until, by: 'handler' });
    log.warn('a swarm was blocked', { domain, accounts: lately.size });
  });
}

/**
 * "Add User-Level Blocking": a user's own settings call this. Nothing of that actor reaches the user any more, and
 * follows between them end; everybody else goes on hearing from it.
 */
export async function blockForUser(inbox: Inbox, user: string, actor: string): Promise<void> {
  await inbox.actors.block(user, { actor }, { by: user });
}

/** The service: alice and bob live here. */
export function createModeratedInbox(
  origin: string,
  around: Surroundings,
  more: Partial<InboxOptions> = {},
): Inbox {
  const inbox = createInbox({ origin, actors: { alice: {}, bob: {} }, ...moderation(around), ...more });
  blockSwarms(inbox, { accounts: 20 });
  return inbox;
}

/**
 * "Set Up Domain Blocking" and the interface of the queue: the admin API is both. Moderators have tokens of their own,
 * and their names stand beside what they decide.
 */
async function main(): Promise<void> {
  const { PORT = '4680', DATA = '.sallyport/moderated', MAIL_SERVER, MODERATOR_MAILS = '' } = process.env;
  const { MARIAS_TOKEN = randomBytes(18).toString('base64url'), SPAM_SERVICE: spamService } = process.env;
  const around = { mailServer: MAIL_SERVER, moderatorMails: MODERATOR_MAILS.split(','), spamService };
  const inbox = createModeratedInbox(`http://localhost:${PORT}`, around, { dataDirectory: DATA });
  await inbox.start();
  const authorize = authorizeByToken([{ name: 'maria', role: 'moderator', token: MARIAS_TOKEN }]);
  const answerAdmin = getRequestListener(createAdmin(inbox, { authorize }).fetch);
  const answerFederation = toNodeHandler(inbox);
  const server = createServer((request, response) => {
    const isForModerators = /^\/(admin\/api|api\/v1\/admin)\//.test(request.url ?? '');
    return isForModerators ? void answerAdmin(request, response) : answerFederation(request, response);
  });
  server.listen(Number(PORT), '127.0.0.1', () => console.log(`listening on http://localhost:${PORT}`));
  shutdownOn(inbox, ['SIGTERM', 'SIGINT'], server);
  console.log(`maria's token: ${MARIAS_TOKEN}
  curl -H 'Authorization: Bearer ${MARIAS_TOKEN}' http://localhost:${PORT}/admin/api/held
  curl -H 'Authorization: Bearer ${MARIAS_TOKEN}' http://localhost:${PORT}/admin/api/domains/spam.example/block -d '{"reason": "phishing"}'`);
}

if (process.argv[1] === import.meta.filename) await main();
