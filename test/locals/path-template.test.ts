/** One actor has one id: a path template reads back exactly what it writes, and no second spelling of it. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type PathTemplate, readPathTemplate } from '../../src/locals/path-template.ts';

const TEMPLATES = [
  '/users/:name',
  '/@:name',
  '/ap/actors/:id',
  '/:name',
  '/u/:name/actor',
  '/a.b/~:n',
  '/p%20q/:n',
];
const read = (text: string): PathTemplate => {
  const template = readPathTemplate(text);
  if (template === null) throw new Error(`no template: ${text}`);
  return template;
};
const template = fc.constantFrom(...TEMPLATES).map(read);
const name = fc
  .oneof(
    fc.string({ unit: 'grapheme', maxLength: 60 }),
    fc.string({ unit: 'grapheme-ascii' }),
    fc.constantFrom('..x', '%', '%2e', '/'),
  )
  .filter(
    (text) => text !== '' && text !== '.' && text !== '..' && text.isWellFormed() && text.length <= 255,
  );

describe('a path template', () => {
  test('is a path with one parameter, written as URLs are', () => {
    for (const good of TEMPLATES) expect(readPathTemplate(good)).not.toBeNull();
    const bad = [
      '',
      'users/:name',
      '/users',
      '/:a/:b',
      '/a?b=:name',
      '/#:name',
      '/a b/:name',
      '/ü/:name',
      '/a/../:name',
    ];
    for (const text of [...bad, '/./:name', '/a\\:name', '/"/:name'])
      expect(readPathTemplate(text), text).toBeNull();
  });

  test('has no actor at a path that is none, or that a client would never ask for', () => {
    const users = read('/users/:name');
    expect(users.nameIn('/users/alice')).toBe('alice');
    const paths = [
      '',
      '/',
      '/users',
      '/users/',
      '/users/a/b',
      '/Users/alice',
      '/users/.',
      '/users/..',
      '/users/%2e',
    ];
    for (const path of [
      ...paths,
      '/users/%61lice',
      '/users/%',
      '/users/%ff',
      '/users/%c3%bc',
      '/users/a b',
      '//users/a',
    ])
      expect(users.nameIn(path), path).toBeNull();
    expect(users.nameIn('/users/%C3%BC')).toBe('ü');
    expect(users.nameIn(`/users/${'a'.repeat(255)}`)).toHaveLength(255);
    expect(users.nameIn(`/users/${'a'.repeat(256)}`)).toBeNull();
    expect(read('/u/:name/actor').nameIn('/u/actor')).toBeNull();
  });

  test('property: the name in the path of a name is that name, and a client asks for that very path', () => {
    fc.assert(
      fc.property(template, name, (one, text) => {
        const path = one.pathOf(text);
        expect(one.nameIn(path)).toBe(text);
        expect(new URL(`https://us.example${path}`).pathname).toBe(path);
      }),
    );
  });

  test('property: a path with a name in it is the path of that name, and any other spelling has none', () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '/users/',
        '/@',
        '/ap/actors/',
        '%',
        '%2F',
        '%61',
        '%c3%bc',
        '%C3%BC',
        '.',
        '..',
        '/',
        'a',
        '~',
      ),
      fc.string({ maxLength: 4 }),
    );
    const path = fc.array(piece, { maxLength: 5 }).map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(template, path, (one, text) => {
        const found = one.nameIn(text);
        if (found !== null) expect(one.pathOf(found)).toBe(text);
      }),
    );
    fc.assert(
      fc.property(template, name, fc.nat(), fc.boolean(), (one, text, at, isLower) => {
        const plain = encodeURIComponent(text);
        const position = at % plain.length;
        if (plain[position] === '%') return;
        const code = plain.charCodeAt(position).toString(16).padStart(2, '0');
        const escaped = `%${isLower ? code : code.toUpperCase()}`;
        const other = plain.slice(0, position) + escaped + plain.slice(position + 1);
        const whole = one.pathOf(text).replace(plain, () => other);
        const found = one.nameIn(whole);
        if (found !== null) expect(one.pathOf(found)).toBe(whole);
        expect(found).not.toBe(text);
      }),
    );
  });
});
