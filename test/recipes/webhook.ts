/** Tells another service of every post. When it is slow or down the call is tried again, and nobody else waits. */
import type { Inbox } from '../../src/index.ts';

export function callWebhook(inbox: Inbox, url: string, timeoutMs = 5_000): void {
  inbox.on(
    'Create',
    async (create, { signal }) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'idempotency-key': create.id },
        body: JSON.stringify({ id: create.id, actor: create.actor.uri, object: create.object?.uri }),
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      });
      if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
    },
    { name: 'webhook' },
  );
}
