/** Whose fault an error of the database is: the data's, or that of the environment. */
import { SallyportError } from '../errors.ts';

/**
 * By SQLSTATE: connection (08), resources (53), operator intervention (57), input and output (58), serialisation and
 * deadlock (40001, 40P01), a transaction that stood too long (25P03, 25P04); and by the system's own codes (ECONNRESET).
 */
const CODES = /^(08...|53...|57...|58...|40001|40P01|25P03|25P04|E(?!RR_)[A-Z_]{3,})$/;

/** What the drivers say without a code. */
const MESSAGES =
  /connection (terminated|error|timeout)|timeout (exceeded|expired)|not queryable|client was closed|after calling end|already been destroyed|pglite is clos/i;

/**
 * Is it the environment's fault, not the data's? Connection lost or refused, resources, operator intervention,
 * serialisation, deadlock, a store that is closed. Such work is tried again whole; halving it would blame the
 * innocent.
 */
export function isEnvironmentError(error: unknown): boolean {
  for (let at: unknown = error, depth = 0; at !== null && at !== undefined && depth < 5; depth++) {
    const { code, message, cause } = at as { code?: unknown; message?: unknown; cause?: unknown };
    if (at instanceof SallyportError && (code === 'ERR_CLOSED' || code === 'ERR_DATABASE_UNAVAILABLE'))
      return true;
    if (typeof code === 'string' && CODES.test(code)) return true;
    if (typeof code !== 'string' && typeof message === 'string' && MESSAGES.test(message)) return true;
    at = cause;
  }
  return false;
}
