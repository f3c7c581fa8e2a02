/**
 * The errors that a person who embeds Sallyport can meet. Peers never see them: they get a verdict's answer.
 * Programmer errors throw; decisions about requests and activities are values (`verdict.ts`).
 */

/** Every code an error of ours can carry. */
export type ErrorCode =
  | 'ERR_CONFIG'
  | 'ERR_BODY_CONSUMED'
  | 'ERR_DATA_DIRECTORY_IN_USE'
  | 'ERR_DATABASE_UNAVAILABLE'
  | 'ERR_SCHEMA_MISMATCH'
  | 'ERR_SNAPSHOT_UNKNOWN'
  | 'ERR_NOT_ALLOWED_IN_STATE'
  | 'ERR_IN_TRANSACTION'
  | 'ERR_NOT_FOUND'
  | 'ERR_INVALID'
  | 'ERR_REMOTE'
  | 'ERR_SEQUENCE_EXPIRED'
  | 'ERR_OVERFLOW'
  | 'ERR_WORKERS'
  | 'ERR_CLOSED';

/**
 * The one error class: a stable `code`, what to do about it in `hint`, the facts in `data`, and the `cause`.
 * @example
 * ```ts
 * try { await inbox.domains.unblock('fine.example'); }
 * catch (error) { if (error instanceof SallyportError && error.code === 'ERR_NOT_ALLOWED_IN_STATE') return; throw error; }
 * ```
 */
export class SallyportError extends Error {
  readonly code: ErrorCode;
  readonly hint: string;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(
    code: ErrorCode,
    message: string,
    more: { hint?: string; data?: Readonly<Record<string, unknown>>; cause?: unknown } = {},
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'SallyportError';
    this.code = code;
    this.hint = more.hint ?? '';
    this.data = more.data ?? {};
  }
}

/** The message of anything that was thrown, for logs and dead letters. At most `charactersMax` characters. */
export function messageOf(thrown: unknown, charactersMax = 2_000): string {
  const text = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : String(thrown);
  return text.slice(0, charactersMax);
}
