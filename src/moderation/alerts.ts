/** What was told to whom: shown, tried again, and tried out. */
import { randomUUID } from 'node:crypto';
import type { AlertRecord } from '../api/alerts.ts';
import type { Page, PageQuery } from '../api.ts';
import { SallyportError } from '../errors.ts';
import type { Settings } from '../options.ts';
import { insertAlerts, listAlerts, retryAlert } from '../store/alerts.ts';
import type { Store } from '../store/store.ts';
import { limitOf, numberCursor, pageOf } from './pages.ts';

export interface AlertsQuery extends PageQuery {
  readonly state?: AlertRecord['state'] | undefined;
  /** The name of a channel. */
  readonly channel?: string | undefined;
}

export interface AlertsDesk {
  /** Newest first. */
  list(query?: AlertsQuery): Promise<Page<AlertRecord>>;
  /** Tries one that was given up again, with all its tries. `ERR_NOT_FOUND`, `ERR_NOT_ALLOWED_IN_STATE`. */
  retry(id: string): Promise<AlertRecord>;
  /** Says through a channel, or through all, that it works. `ERR_NOT_FOUND` for a channel that there is not. */
  test(channel?: string): Promise<{ readonly channels: readonly string[] }>;
}

const ANY = { state: null, channel: null, id: null, below: null } as const;

export function createAlertsDesk(parts: {
  store: Store;
  settings: Pick<Settings, 'alerts'>;
  /** Something is to be told. */
  onAlert(): void;
}): AlertsDesk {
  const { store, settings } = parts;

  async function find(id: string): Promise<AlertRecord> {
    const isId = /^\d{1,18}$/.test(id);
    const [found] = isId ? await listAlerts(store, { ...ANY, id, limit: 1 }) : [];
    if (found !== undefined) return found;
    throw new SallyportError('ERR_NOT_FOUND', 'there is no such alert', { data: { what: 'alert', id } });
  }

  return {
    async list(query = {}) {
      const limit = limitOf(query);
      const { state = null, channel = null } = query;
      const filter = { ...ANY, state, channel, below: numberCursor(query), limit: limit + 1 };
      return pageOf(await listAlerts(store, filter), limit, ({ id }) => id);
    },
    async retry(id) {
      const { state } = await find(id);
      if (!(await retryAlert(store, id, store.clock.now())))
        throw new SallyportError('ERR_NOT_ALLOWED_IN_STATE', `the alert is ${state}`, {
          hint: 'only one that was given up is tried again',
          data: { what: 'alert', key: id, state },
        });
      parts.onAlert();
      return find(id);
    },
    async test(channel) {
      const channels = settings.alerts
        .map(({ name }) => name)
        .filter((name) => channel === undefined || name === channel);
      if (channels.length === 0)
        throw new SallyportError('ERR_NOT_FOUND', 'there is no such channel', {
          hint: 'the option `alerts` has the channels',
          data: { what: 'channel', id: channel ?? '' },
        });
      const nowMs = store.clock.now();
      const source = `test:${randomUUID()}`;
      const created_at = new Date(nowMs).toISOString();
      const body = {
        event: 'test',
        created_at,
        object: { message: 'Alerts of Sallyport come here.' },
      } as const;
      const alerts = channels.map((name) => ({
        source,
        channel: name,
        body,
        dueMs: nowMs,
        isGathered: false,
      }));
      await store.transaction((tx) => insertAlerts(tx, alerts, nowMs));
      parts.onAlert();
      return { channels };
    },
  };
}
