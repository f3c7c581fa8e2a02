/** A signed POST of JSON, as Mastodon's webhooks make it; and a message as chats take it. */
import { createHmac } from 'node:crypto';
import type { AlertBody } from '../api/alerts.ts';
import type { Remote } from '../remote.ts';
import type { ClaimedAlert } from '../store/alerts.ts';
import type { Outcome } from './outcome.ts';
import { type Words, wordsOf, wordsOfMany } from './words.ts';

type Tell = Pick<Remote, 'tell'>['tell'];

const ANSWER_BYTES_MAX = 65_536;
/** Client errors that another try may mend. */
const RETRIED: readonly number[] = [401, 408, 429];

/** The signature covers the bytes that are sent. The number is the same at every try, so a receiver can tell. */
export async function tellWebhook(
  tell: Tell,
  { url, secret }: { readonly url: string; readonly secret: string },
  { id, body }: ClaimedAlert,
  signal: AbortSignal,
): Promise<Outcome> {
  const { event, created_at, object }: AlertBody = body;
  const bytes = Buffer.from(JSON.stringify({ event, created_at, object }));
  const signature = createHmac('sha256', secret).update(bytes).digest('hex');
  const headers = {
    'content-type': 'application/json',
    'x-hub-signature': `sha256=${signature}`,
    'x-sallyport-delivery': id,
  };
  return outcomeOf(await tell(url, headers, bytes, { signal, bytesMax: ANSWER_BYTES_MAX }));
}

export async function tellChat(
  tell: Tell,
  { url }: { readonly url: string },
  alerts: readonly ClaimedAlert[],
  signal: AbortSignal,
): Promise<Outcome> {
  const [first] = alerts;
  const words: Words =
    alerts.length === 1 && first !== undefined
      ? wordsOf(first.body)
      : wordsOfMany(alerts.map(({ body }) => body));
  const text = escaped([`*${words.subject.replaceAll('*', '∗')}*`, ...words.lines].join('\n'));
  const bytes = Buffer.from(JSON.stringify({ text }));
  const headers = { 'content-type': 'application/json' };
  return outcomeOf(await tell(url, headers, bytes, { signal, bytesMax: ANSWER_BYTES_MAX }));
}

/** What the words say of others calls nobody in the chat: not as Slack, Mattermost or Discord call somebody. */
const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('@', '@\u200b');

function outcomeOf(answer: Awaited<ReturnType<Tell>>): Outcome {
  if (!answer.ok) return { type: 'retry', error: `${answer.fault}: ${answer.message}` };
  const { status } = answer;
  if (status >= 200 && status <= 299) return { type: 'delivered' };
  const error = `answered ${status}`;
  const isFinal = status === 501 || (status >= 400 && status <= 499 && !RETRIED.includes(status));
  return isFinal ? { type: 'permanent', error } : { type: 'retry', error };
}
