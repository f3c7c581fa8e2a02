/** The text that filters look at: what a reader sees, in linear time, whatever was sent. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { plainText, readableText } from '../../src/filters/text.ts';

describe('plain text', () => {
  test.each([
    ['<p>Good <b>mor</b>ning</p><p>all</p>', 'Good morning all'],
    ['buy<br/>now', 'buy now'],
    ['bu<span class="x">y</span> n<!-- > -->ow', 'buy now'],
    ['a &lt;b&gt; &amp;&#33; &#x41;&nbsp;b &eacute; &unknown; &#0; &#xD800;', 'a <b> &! A b é &unknown; � �'],
    ['1 < 2 and 3 > 2', '1 < 2 and 3 > 2'],
    ['never closed <b', 'never closed <b'],
    ['so&shy;ft hy&#173;phen', 'soft hy\u00adphen'],
    ['&constructor; &toString;', '&constructor; &toString;'],
  ])('of %j is %j', (html, text) => {
    expect(plainText(html)).toBe(text);
  });

  test('is the words, whatever tags stand between them; only those that break a line part them', () => {
    const inline = fc.constantFrom(
      '<b>',
      '</b>',
      '<a href="https://x.example/">',
      '<!-- <p> -->',
      '<IMG src=x>',
    );
    const breaking = fc.constantFrom('<p>', '</p>', '<br/>', '<BR>', '<div class="x">', '\n');
    const word = fc.stringMatching(/^[a-z]{1,5}$/);
    const part = fc.record({ word, tag: fc.oneof(inline, breaking) });
    const isBreak = (tag: string) => /^<\/?(p|br|div)|\n/i.test(tag);
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => {
        const html = parts.map(({ word, tag }) => word + tag).join('');
        const text = parts.map(({ word, tag }) => word + (isBreak(tag) ? ' ' : '')).join('');
        expect(plainText(html)).toBe(text.trim());
      }),
    );
  });

  test('of a megabyte of anything takes a moment', () => {
    for (const piece of ['<', '<!--', '<a', '&', '&#', '< ', '</', '<p>', '&lt;']) {
      const startedMs = performance.now();
      plainText(piece.repeat(1_000_000 / piece.length));
      expect(performance.now() - startedMs).toBeLessThan(20_000);
    }
  });
});

test('readable text has names, summaries, contents and descriptions, in all languages, once each', () => {
  const note = {
    ...{ type: 'Note', name: 'Title', summary: '<p>cw</p>', content: '<p>Hello</p>' },
    contentMap: { en: '<p>Hello</p>', de: '<p>Hallo</p>' },
    attachment: [{ type: 'Document', name: 'a cat' }],
    tag: [{ type: 'Hashtag', name: '#cats', href: 'https://a.example/tags/cats' }],
    oneOf: [{ type: 'Note', name: 'yes' }],
  };
  const text = readableText({ type: 'Create', id: 'https://a.example/1', object: note });
  expect(text.split('\n')).toEqual(['Title', 'cw', 'Hello', 'Hallo', 'a cat', '#cats', 'yes']);
});
