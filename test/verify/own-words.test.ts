/** What handlers get of an activity: what its actor can answer for. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ownWords, withoutHidden } from '../../src/verify/own-words.ts';

const ANN = 'https://far.example/users/ann';
const BEA = 'https://far.example/users/bea';
const NOTE = 'https://far.example/notes/1';
const ELSEWHERE = 'https://else.example/notes/1';

const objectOf = (object: unknown, type = 'Create'): unknown => ownWords({ type, actor: ANN, object }).object;

describe('of an embedded object', () => {
  test('all is left that is the actor’s own', () => {
    for (const object of [
      { id: NOTE, type: 'Note', attributedTo: ANN, content: 'Mine.' },
      { type: 'Note', content: 'Mine, without a name.' },
      { id: NOTE, attributedTo: [ANN, 'https://far.example/groups/1'], name: 'Ours, here.' },
      { id: `${ANN}#likes/1`, type: 'Like', actor: ANN, object: ELSEWHERE },
    ])
      expect(objectOf(object)).toEqual(object);
  });

  test('only the id is left, or nothing, when it is somebody else’s', () => {
    for (const object of [
      { id: ELSEWHERE, type: 'Note', content: 'Not mine.' },
      { id: ELSEWHERE, attributedTo: ANN, content: 'Not mine either.' },
      { id: ELSEWHERE, attributedTo: 'https://else.example/users/x' },
    ])
      expect(objectOf(object)).toBe(ELSEWHERE);
    for (const attributedTo of [
      BEA,
      [ANN, 'https://else.example/x'],
      ['https://else.example/x', ANN],
      { id: BEA },
    ])
      expect(objectOf({ id: NOTE, attributedTo, content: 'Not only mine.' })).toBe(NOTE);
    expect(objectOf({ type: 'Create', actor: BEA, object: { content: 'Said by bea?' } })).toBeUndefined();
    expect(
      objectOf(
        [
          { id: NOTE, attributedTo: ANN },
          { id: ELSEWHERE, content: 'x' },
        ],
        'Announce',
      ),
    ).toEqual([{ id: NOTE, attributedTo: ANN }, ELSEWHERE]);
  });

  test('the same goes for what stands in it', () => {
    const announce = {
      id: `${ANN}/a/1`,
      type: 'Announce',
      actor: ANN,
      object: { id: ELSEWHERE, content: 'x' },
    };
    expect(objectOf(announce, 'Undo')).toEqual({ ...announce, object: ELSEWHERE });
    const reply = { id: NOTE, attributedTo: ANN, inReplyTo: { id: ELSEWHERE, content: 'Never said.' } };
    expect(objectOf(reply)).toEqual({ ...reply, inReplyTo: ELSEWHERE });
  });

  test('no author is left that has no id', () => {
    for (const attributedTo of [1, '1', true, {}, { name: 'admin' }, []])
      expect(objectOf({ id: NOTE, attributedTo, content: 'x' })).toEqual({ id: NOTE, content: 'x' });
  });
});

test('bto and bcc are gone, however deep and however they are called', () => {
  const as = 'https://www.w3.org/ns/activitystreams#';
  const hidden = { bto: ANN, bcc: [ANN], 'as:bto': ANN, [`${as}bcc`]: ANN };
  const document = { ...hidden, to: BEA, object: { ...hidden, tag: [{ ...hidden, name: 'x' }], bccx: 1 } };
  expect(withoutHidden(document)).toEqual({ to: BEA, object: { tag: [{ name: 'x' }], bccx: 1 } });
  expect(ownWords({ ...document, actor: ANN, 'as:bto': ANN })).not.toHaveProperty(['as:bto']);
});

test('property: nothing is left that hangs on an id of another origin or author', () => {
  const id = fc.constantFrom(NOTE, ELSEWHERE, ANN, BEA, 'relative', undefined);
  const { node } = fc.letrec<{ node: Record<string, unknown> }>((tie) => ({
    node: fc.record(
      {
        ...{ id, attributedTo: fc.oneof(id, fc.array(id, { maxLength: 2 })), content: fc.constant('words') },
        object: fc.oneof({ maxDepth: 3 }, id, tie('node')),
        inReplyTo: fc.oneof({ maxDepth: 3 }, id, tie('node')),
      },
      { requiredKeys: ['content'] },
    ) as fc.Arbitrary<Record<string, unknown>>,
  }));
  fc.assert(
    fc.property(node, (sent) => {
      const before = JSON.stringify(sent);
      const seen = ownWords({ actor: ANN, object: sent });
      expect(JSON.stringify(sent)).toBe(before);
      for (const part of nodesOf(seen.object)) {
        if (part.id !== undefined) expect([NOTE, ANN, BEA]).toContain(part.id);
        const authors = [part.attributedTo ?? []].flat();
        if (authors.some((author) => author !== 'relative')) expect(authors).toContain(ANN);
        expect(authors).not.toContain(ELSEWHERE);
      }
    }),
  );
});

function nodesOf(value: unknown): Record<string, unknown>[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
  const node = value as Record<string, unknown>;
  return [node, ...nodesOf(node.object), ...nodesOf(node.inReplyTo)];
}
