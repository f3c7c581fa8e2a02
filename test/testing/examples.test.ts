import { createTestInbox } from 'sallyport/testing';
import { expect, test } from 'vitest';

test('the 101st activity within an hour rate-limits the domain, and an hour later it is free again', async () => {
  await using box = await createTestInbox({ rateLimit: { limit: 100, window: '1 hour' } });
  const states: string[] = [];
  box.onTransition('domain', (t) => void states.push(t.to));
  for (let n = 0; n < 101; n++)
    await box.receive({
      type: 'Like',
      id: `https://remote.example/likes/${n}`,
      actor: 'https://remote.example/users/al',
      object: 'https://social.example/notes/1',
    });
  expect(states).toEqual(['rate-limited']);
  await box.clock.advance('1 hour'); // no real time passes
  expect((await box.domains.get('remote.example')).state).toBe('active');
});

test('a handler that accepts a follow sends one Accept', async () => {
  await using box = await createTestInbox({ actors: { bob: { locked: true } } });
  box.on('Follow', (follow, ctx) => ctx.followRequest(follow).accept());
  await box.receive({
    type: 'Follow',
    actor: 'https://remote.example/users/al',
    object: 'https://social.example/users/bob',
  });
  await box.settled(); // every turn, handler and delivery has come to rest
  expect(box.sent).toMatchObject([{ type: 'Accept', to: ['https://remote.example/users/al/inbox'] }]);
});
