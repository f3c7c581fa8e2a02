import { createTestInbox, fixtures } from 'sallyport/testing';
import { expect, test } from 'vitest';

test('like activities trigger notifications', async () => {
  const outbox: { to: string; subject: string }[] = [];
  await using box = await createTestInbox();
  box.on('Like', (like) => {
    outbox.push({ to: 'bob@social.example', subject: `Your post was liked by ${like.actor.uri}` });
  });

  const like = fixtures.activity({
    type: 'Like',
    actor: 'https://example.com/users/alice',
    object: 'https://social.example/notes/1',
  });
  await box.simulate(like); // the handlers alone: no HTTP, no database, no retries

  expect(outbox).toHaveLength(1);
  expect(outbox[0]?.subject).toContain('liked');
});
