/** A stored document reads the same whether its normal form was stored, is made again, or took jsonld to make. */
import { expect, test } from 'vitest';
import { storedNormal } from '../../src/verify/stored.ts';

const AS = 'https://www.w3.org/ns/activitystreams';
const ACTOR = 'https://a.example/users/al';
const LIKE = { id: `${ACTOR}#1`, type: 'Like', actor: ACTOR, object: 'https://us.example/notes/1' };

test('is made again from the text where no normal form was stored', async () => {
  const raw = JSON.stringify({ '@context': AS, ...LIKE, content: 'x', bto: [ACTOR] });
  expect(await storedNormal({ raw, normal: null })).toEqual({ ...LIKE, content: 'x' });
});

test('is what was stored where one was', async () => {
  expect(await storedNormal({ raw: '{}', normal: JSON.stringify(LIKE) })).toEqual(LIKE);
});

test('takes jsonld where the fast path does not read the text, as after an upgrade', async () => {
  const raw = JSON.stringify({ '@context': AS, ...LIKE, 'as:content': 'x' });
  expect(await storedNormal({ raw, normal: null })).toEqual({ ...LIKE, content: 'x' });
  const odd = JSON.stringify({ '@context': AS, '@graph': [LIKE, LIKE] });
  await expect(storedNormal({ raw: odd, normal: null })).rejects.toThrow('cannot be read');
});
