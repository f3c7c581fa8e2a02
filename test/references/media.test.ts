/** A domain whose media are rejected: what handlers see of its posts has none, and everything else as it was. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { withoutMedia } from '../../src/references/media.ts';
import { create } from '../fediverse/index.ts';
import { ORIGIN, PATIENCE, places, serve } from '../inbox/served.ts';

const note = (author: string, id: string) => ({
  ...{ id, type: 'Note', attributedTo: author, content: '<p>Look :blobcat:</p>' },
  ...{ to: [`${ORIGIN}/users/alice`], sensitive: false },
  attachment: [
    { type: 'Document', mediaType: 'image/png', url: 'https://media.example/1.png', name: 'a cat' },
    { type: 'PropertyValue', name: 'Home', value: 'Bern' },
  ],
  icon: { type: 'Image', url: 'https://media.example/icon.png' },
  tag: [
    { type: 'Emoji', name: ':blobcat:', icon: { type: 'Image', url: 'https://media.example/blobcat.png' } },
    { type: 'Hashtag', name: '#cats', href: 'https://a.example/tags/cats' },
  ],
});

describe('media of a document', () => {
  test('go, and what is none stays', () => {
    expect(withoutMedia(note('https://a.example/ann', 'https://a.example/1'))).toEqual({
      ...{ id: 'https://a.example/1', type: 'Note', attributedTo: 'https://a.example/ann' },
      ...{ content: '<p>Look :blobcat:</p>', to: [`${ORIGIN}/users/alice`], sensitive: false },
      attachment: [{ type: 'PropertyValue', name: 'Home', value: 'Bern' }],
      tag: [{ type: 'Hashtag', name: '#cats', href: 'https://a.example/tags/cats' }],
    });
    const alone = {
      attachment: { type: ['Image'], url: 'x' },
      preview: { type: 'Link', mediaType: 'Video/mp4' },
    };
    expect(withoutMedia({ object: alone, tag: { type: 'Mention' } })).toEqual({
      object: {},
      tag: { type: 'Mention' },
    });
  });

  test('are gone from any document, and nothing else is touched', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 4 }), (value) => {
        const names = /"(?:icon|image|attachment|tag|preview)":/;
        if (!names.test(JSON.stringify(value))) expect(withoutMedia(value)).toEqual(value);
        expect(JSON.stringify(withoutMedia({ object: [value, { icon: 1, image: 2 }] }))).not.toMatch(
          /"icon":1|"image":2/,
        );
      }),
    );
  });
});

const place = places[0] as (typeof places)[number];
test(
  'a rule takes them out of what handlers see, and out of what is looked up, until it is taken back',
  async () => {
    await using served = await serve(place);
    const home = await served.remote();
    const ann = await home.actor('ann');
    const seen: unknown[] = [];
    served.inbox.on('Create', ({ normal, raw }) => void seen.push(normal.object, raw.object), {
      name: 'seen',
    });
    const by = 'maria';
    const rule = { domain: home.domain, severity: 'none', rejectMedia: true } as const;
    const noted = { by, reason: 'loud pictures', kind: 'rules' };
    await (await served.inbox.rules.apply({ source: 'manual', put: [rule], remove: [] }, noted)).settled;
    await served.inbox.settled();

    const first = `${ann.id}/notes/1`;
    const sent = { ...create(ann.id), object: note(ann.id, first) };
    expect((await served.post('/inbox', sent, ann)).status).toBe(202);
    await served.inbox.settled();
    expect(seen).toHaveLength(2);
    for (const one of seen) expect(JSON.stringify(one)).not.toContain('media.example');
    expect(await served.inbox.lookup('object', first)).toMatchObject({ content: '<p>Look :blobcat:</p>' });
    expect(JSON.stringify((await served.inbox.lookup('object', first))?.normal)).not.toContain(
      'media.example',
    );

    const lifting = { source: 'manual', put: [], remove: [home.domain] };
    await (await served.inbox.rules.apply(lifting, noted)).settled;
    await served.inbox.settled();
    // Nothing was deleted: it is seen as it came.
    expect(JSON.stringify((await served.inbox.lookup('object', first))?.normal)).toContain(
      'media.example/1.png',
    );
  },
  PATIENCE,
);
