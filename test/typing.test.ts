/** The type errors that the public API promises: each line must fail without its `expect-error`. The compiler checks it. */
import { expect, test } from 'vitest';
import { type Activity, createInbox, type Inbox, type Transition } from '../src/index.ts';

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
  // @ts-expect-error a block has a reason
  inbox.domains.block('spam.example', {});
  // @ts-expect-error 'hors' is no unit of time
  createInbox({ origin: 'https://social.example', rateLimit: { limit: 100, window: '1 hors' } });
  // @ts-expect-error an inbox has an origin
  createInbox({});

  inbox.on('Flag', (flag) => void flag.objects.map(({ uri }) => uri));
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
