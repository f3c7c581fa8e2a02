/** What is told to whom: the shapes. Types only; times are ISO 8601 strings. */
import type { AlertEvent } from '../options.ts';

/** What a channel says: the body of a webhook, and what the text of a mail is made of. */
export interface AlertBody {
  readonly event: AlertEvent | 'test';
  /** When it happened. */
  readonly created_at: string;
  readonly object: Readonly<Record<string, unknown>>;
}

/** One alert on its way through one channel: the record of `GET /admin/api/alerts`. */
export interface AlertRecord {
  readonly id: string;
  readonly channel: string;
  readonly event: string;
  readonly state: 'waiting' | 'delivered' | 'dead';
  readonly attempts: number;
  readonly nextAt: string | null;
  /** What went wrong with the last try. */
  readonly error: string | null;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly body: AlertBody;
}
