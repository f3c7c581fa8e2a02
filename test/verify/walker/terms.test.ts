/** What the walker keeps of contexts. */
import { expect, test } from 'vitest';
import { NO_TERMS, type Table, tableOf } from '../../../src/verify/walker/terms.ts';
import { AS } from './contexts.ts';

const outer = tableOf(NO_TERMS, AS) as Table;

test('a context is compiled once, for each context that it stands in', () => {
  const context = [{ foo: 'as:foo' }];
  expect(tableOf(outer, context)).not.toBeNull();
  expect(tableOf(outer, context)).toBe(tableOf(outer, structuredClone(context)));
  expect(tableOf(outer, context)).not.toBe(tableOf(NO_TERMS, [AS, { bar: 'as:bar' }, ...context]));
});

test('contexts that begin alike share what they begin with', () => {
  const first = tableOf(NO_TERMS, AS) as Table;
  expect(tableOf(NO_TERMS, [AS])).toBe(first);
  expect(tableOf(NO_TERMS, [AS, { foo: 'as:foo' }])).toBe(tableOf(first, { foo: 'as:foo' }));
});

test('tables are numbered as they are made', () => {
  expect(tableOf(outer, { numbered: 'as:numbered' })?.serial).toBeGreaterThan(outer.serial);
});

test('the number of tables has a bound', () => {
  const first = tableOf(outer, { first: 'as:first' });
  for (let number = 0; number < 500; number++) tableOf(outer, { [`x${number}`]: 'as:x' });
  expect(tableOf(outer, { first: 'as:first' })).not.toBe(first);
});

test('a context of more than 8 192 characters is not kept', () => {
  const context = (length: number): object => {
    const empty = JSON.stringify({ foo: 'as:' }).length;
    return { foo: `as:${'x'.repeat(length - empty)}` };
  };
  expect(tableOf(outer, context(8_192))).not.toBeNull();
  expect(tableOf(outer, context(8_193))).toBeNull();
});
