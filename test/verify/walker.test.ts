/** The fast path: what it takes, what it leaves to jsonld, and that nobody can tell the two apart. */
import { describe, expect, test } from 'vitest';
import { activityOf, type Kind, randomFrom } from '../../benchmarks/inbox/activities.ts';
import { understand } from '../../src/verify/document.ts';
import { plainNormal } from '../../src/verify/walker.ts';
import { compare, isTaken } from './walker/agreement.ts';

const DOCUMENTS = Number(process.env.SALLYPORT_WALKER_DOCUMENTS ?? 12_000);
const SEED = Number(process.env.SALLYPORT_TEST_SEED ?? 20_261_124);

test('any document that the walker takes, jsonld reads alike', { timeout: 120_000 }, async () => {
  const { ordinary, odd, oddTaken } = await compare(DOCUMENTS, SEED);
  console.info(
    `walker: all of ${ordinary} ordinary documents and ${oddTaken} of ${odd} odd ones; seed ${SEED}`,
  );
  expect(oddTaken).toBeGreaterThan(odd / 10);
});

describe('the activities of the benchmark', () => {
  const author = { id: 'http://127.0.0.1:4001/users/ana', name: 'ana', host: '127.0.0.1:4001' };
  const us = { id: 'http://127.0.0.1:4002/users/bob', name: 'bob', host: '127.0.0.1:4002' };

  test.each([
    'Create',
    'Like',
    'Announce',
    'Undo',
    'Follow',
  ] satisfies Kind[])('%s: all taken', async (kind) => {
    const random = randomFrom(SEED);
    const past = { likes: [], announces: [], follows: [] };
    for (let number = 1; number <= 100; number++)
      expect(await isTaken(activityOf(kind, author, past, us, number, random))).toBe(true);
  });
});

test('whoever understands a document learns whether the walker will say the same again', async () => {
  const like = { id: 'https://a.example/1', type: 'Like', actor: 'https://a.example/ana' };
  const plain = await understand(like);
  expect(plain).toMatchObject({ isPlain: true, normal: plainNormal(like) });
  expect(await understand({ ...like, 'as:object': 'x' })).toMatchObject({ isPlain: false });
});
