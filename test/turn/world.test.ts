/** The world of a turn holds what a flood of one sender's makes of it, without looking through all of it each time. */
import { expect, test } from 'vitest';
import { World } from '../../src/activities/world.ts';

/** Adds and Removes that name a hundred items each: a turn of nothing else has these. */
const ITEMS = 10_000;
/** Time of the processor, in milliseconds: a tenth where each Remove looks at its own item only. */
const ENOUGH_MS = 4_000;

test('ten thousand items that enter a collection and leave it in one turn take it no seconds', () => {
  const world = new World(0, { requests: [], inboxes: [] });
  const collection = 'https://evil.example/users/eve/pinned';
  const items = Array.from({ length: ITEMS }, (_, at) => `https://evil.example/notes/${at}`);
  const before = process.cpuUsage();
  for (const item of items) world.join(collection, item, `${item}/added`);
  for (const item of items) world.leave(collection, item);
  const { user } = process.cpuUsage(before);
  expect(user / 1_000).toBeLessThan(ENOUGH_MS);
  const { joins, leaves } = world.effects();
  expect([joins.length, new Set(leaves.map(({ item }) => item)).size]).toEqual([0, ITEMS]);
});

test('a mail with a thousand names, of somebody whom thousands follow, is compared with each follower once', () => {
  const [following, collection] = [
    'https://evil.example/users/eve',
    'https://evil.example/users/eve/followers',
  ];
  const followers = Array.from({ length: 5_000 }, (_, at) => {
    return { follower: `https://social.example/users/${at}`, following, collection };
  });
  const world = new World(0, { requests: [], inboxes: [], followers });
  const names = Array.from({ length: 5_000 }, (_, at) => `https://evil.example/users/eve/f${10_000 + at}`);
  const before = process.cpuUsage();
  for (let mail = 0; mail < 128; mail++) expect(world.followersAmong(following, names)).toEqual([]);
  expect(process.cpuUsage(before).user / 1_000).toBeLessThan(ENOUGH_MS / 4);
  expect(world.followersAmong(following, [...names, collection])).toHaveLength(5_000);
});
