/** The type errors that the public API promises: each line must fail without its `expect-error`. The compiler checks it. */
import { expect, test } from 'vitest';
import { type Activity, createInbox, drop, hold, type Inbox, reject, type Transition } from '../src/index.ts';

/** Compiled, never called. */
function promised(inbox: Inbox): void {
  // @ts-expect-error a misspelt activity type
  inbox.on('Folow', () => {});
  // @ts-expect-error 'accepted' is no state of the domain machine
  inbox.transitions({ machine: 'domain', to: 'accepted' });
  // @ts-expect-error a listener sees only its own machine's states
  inbox.onTransition('follow-request', (t) => t.to === 'blocked');
  // @ts-expect-error only Flag has several objects
  inbox.on('Like', (like) => void like.objects);
  // @ts-expect-error a filter returns a verdict, not a boolean
  inbox.filter('yes', () => true);
  // @ts-expect-error a verdict has a reason
  hold();
  // @ts-expect-error a verdict is made by its function, not written as its name
  inbox.filter('named', () => 'drop');
  // @ts-expect-error a hook is about a type that exists
  inbox.before('Folow', () => drop('never'));
  // @ts-expect-error only Flag has several objects, also before it has an effect
  inbox.before('Like', (like) => (like.objects.length > 1 ? drop('many') : undefined));
  // @ts-expect-error no such fallback
  inbox.filter('unsure', () => undefined, { fallback: 'maybe' });
  // @ts-expect-error 'moons' is no unit of time
  inbox.filter('slow', () => undefined, { timeout: '2 moons' });
  // @ts-expect-error a follow policy answers accept, ask or reject
  createInbox({ origin: 'https://social.example', actors: { alice: { followPolicy: () => 'maybe' } } });
  // @ts-expect-error values of a statement are a list
  inbox.on('Like', (_, { transaction }) => transaction((tx) => tx.execute('select $1', 'x')));
  // @ts-expect-error a block has a reason
  inbox.domains.block('spam.example', {});
  // @ts-expect-error 'hors' is no unit of time
  createInbox({ origin: 'https://social.example', rateLimit: { limit: 100, window: '1 hors' } });
  // @ts-expect-error no such built-in filter
  createInbox({ origin: 'https://social.example', filters: [{ use: 'keyword', words: ['x'] }] });
  // @ts-expect-error a filter has its own options and no others
  createInbox({ origin: 'https://social.example', filters: [{ use: 'mentions', max: 5, words: ['x'] }] });
  // @ts-expect-error 'block' is no verdict of a filter
  createInbox({ origin: 'https://social.example', filters: [{ use: 'first-contact', verdict: 'block' }] });
  // @ts-expect-error an external filter has a URL
  createInbox({ origin: 'https://social.example', filters: [{ use: 'external', fallback: 'accept' }] });
  // @ts-expect-error an inbox has an origin
  createInbox({});

  inbox.on('Flag', (flag) => void flag.objects.map(({ uri }) => uri));
  inbox.filter('some', (activity, { text, actor, domain }) => {
    if (activity.type === 'Create' && /buy now/i.test(text)) return drop('spam words');
    if (actor === null || domain.state !== 'active') return hold('who is that?');
  });
  inbox.before('Flag', async (flag) => {
    if (flag.objects.length > 10) return reject('too many');
  });
  inbox.filter('nothing', () => {});
  inbox.filter('later', async () => {}, { timeout: '500 ms', fallback: 'accept', shadow: true });
  createInbox({
    origin: 'https://social.example',
    actors: {
      alice: { followPolicy: async ({ follower }) => (follower.type === 'Service' ? 'ask' : 'accept') },
    },
  });
  createInbox({
    origin: 'https://social.example',
    filters: [
      { use: 'keywords', words: ['buy now'] },
      { use: 'account-age', olderThan: '1 day', unknown: 'accept', verdict: 'reject' },
      { use: 'first-contact', name: 'strangers' },
      { use: 'mentions', max: 5, verdict: 'drop' },
      { use: 'external', url: 'http://10.0.0.1/', timeout: '500 ms', fallback: 'accept', verdict: 'shadow' },
    ],
  });
  inbox.on('*', (activity: Activity) => void activity.type);
  inbox.onTransition('follow-request', (t) => {
    const state: 'pending' | 'accepted' | 'rejected' | 'withdrawn' = t.to;
    void state;
  });
  const blocked: (t: Transition<'domain'>) => boolean = ({ to }) => to === 'blocked';
  inbox.onTransition('domain', (t) => void blocked(t));
}

test('createInbox checks at run time what the types say, all faults at once', () => {
  const faulty = { origin: 'ftp://x', rateLimit: { limit: 0, window: '1 hors' }, workrs: 2 } as never;
  expect(() => createInbox(faulty)).toThrow(
    expect.objectContaining({
      code: 'ERR_CONFIG',
      data: {
        faults: [
          expect.objectContaining({ option: 'workrs' }),
          expect.objectContaining({ option: 'origin' }),
          expect.objectContaining({ option: 'rateLimit.limit' }),
          expect.objectContaining({ option: 'rateLimit.window' }),
        ],
      },
    }),
  );
});

declare module '../src/index.ts' {
  interface ActivityMap {
    EmojiReact: Activity<'EmojiReact'>;
  }
}

/** Compiled, never called: the map of activity types is open. */
function augmented(inbox: Inbox): void {
  inbox.on('EmojiReact', (react) => {
    const type: 'EmojiReact' = react.type;
    void type;
  });
}

void promised;
void augmented;
