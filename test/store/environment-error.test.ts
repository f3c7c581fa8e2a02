/** Whose fault is it? What the environment did is tried again whole; only what data did is halved down to the culprit. */
import { describe, expect, test } from 'vitest';
import { SallyportError } from '../../src/errors.ts';
import { isEnvironmentError } from '../../src/store/store.ts';

const coded = (code: string) => Object.assign(new Error('something'), { code });

describe('an error of the environment', () => {
  test.each([
    ...['08000', '08006', '53100', '53300', '57014', '57P01', '57P03', '58030', '40001', '40P01', '25P03'],
    ...['ECONNREFUSED', 'ECONNRESET', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN'],
  ])('is one with code %s', (code) => {
    expect(isEnvironmentError(coded(code))).toBe(true);
  });

  test.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable',
    'Cannot use a pool after calling end on the pool',
    'driver has already been destroyed',
  ])('is what the driver calls "%s"', (message) => {
    expect(isEnvironmentError(new Error(message))).toBe(true);
  });

  test('is one that caused another, or a store that is closed', () => {
    expect(
      isEnvironmentError(new Error('wrapped', { cause: new Error('twice', { cause: coded('57P01') }) })),
    ).toBe(true);
    expect(isEnvironmentError(new SallyportError('ERR_CLOSED', 'the store is closed'))).toBe(true);
  });
});

describe('an error of data', () => {
  test.each([
    '22P05',
    '22003',
    '23505',
    '23502',
    '42601',
    '54000',
    '21000',
    '42P01',
  ])('is one with code %s', (code) => {
    expect(isEnvironmentError(coded(code))).toBe(false);
  });

  test.each([
    new Error('anything else'),
    new TypeError('x is not a function'),
    new SallyportError('ERR_SNAPSHOT_UNKNOWN', 'no such state'),
    Object.assign(new Error('value contains "connection terminated"'), { code: '23505' }),
    null,
    undefined,
    'text',
    42,
  ])('is %s', (error) => {
    expect(isEnvironmentError(error)).toBe(false);
  });

  test('is one that is its own cause', () => {
    const round = new Error('round');
    round.cause = round;
    expect(isEnvironmentError(round)).toBe(false);
  });
});
