/** Mail over SMTP, one connection for a message. Its id is the alert's, so a message that is sent again is the same. */
import { createTransport } from 'nodemailer';
import { messageOf } from '../errors.ts';
import type { ClaimedAlert } from '../store/alerts.ts';
import type { Outcome } from './outcome.ts';
import { wordsOf, wordsOfMany } from './words.ts';

export interface MailTarget {
  readonly url: string;
  readonly from: string;
  readonly to: readonly string[];
}

/** Until there is a connection, a greeting, and an answer to each command, in milliseconds. */
const STEP_MS = 8_000;

export async function sendMail(
  { url, from, to }: MailTarget,
  host: string,
  alerts: readonly ClaimedAlert[],
  signal: AbortSignal,
): Promise<Outcome> {
  const [first] = alerts;
  if (first === undefined) return { type: 'delivered' };
  const { subject, lines } =
    alerts.length === 1 ? wordsOf(first.body) : wordsOfMany(alerts.map(({ body }) => body));
  const number = alerts.length === 1 ? first.id : `${first.id}-${alerts.length}`;
  const transport = createTransport({
    ...{
      url,
      connectionTimeout: STEP_MS,
      greetingTimeout: STEP_MS,
      socketTimeout: STEP_MS,
      dnsTimeout: STEP_MS,
    },
    // Nothing in a message may be read from here.
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
  const late = Promise.withResolvers<never>();
  const give = (): void => late.reject(new Error('the deadline has passed'));
  signal.addEventListener('abort', give, { once: true });
  if (signal.aborted) give();
  try {
    const message = {
      ...{ from, to: [...to], subject: `[sallyport] ${subject}`, text: `${lines.join('\n')}\n` },
      messageId: `<alert-${number}@${host}>`,
      date: new Date(first.body.created_at),
      headers: { 'auto-submitted': 'auto-generated', 'x-sallyport-event': first.body.event },
    };
    await Promise.race([transport.sendMail(message), late.promise]);
    return { type: 'delivered' };
  } catch (error) {
    // 5yz: the server will never take this message. A password that is wrong is the operator's to mend.
    const { responseCode = 0, code = '' } = error as { responseCode?: number; code?: string };
    const isFinal = responseCode >= 500 && code !== 'EAUTH' && code !== 'ETLS';
    return { type: isFinal ? 'permanent' : 'retry', error: messageOf(error, 300) };
  } finally {
    signal.removeEventListener('abort', give);
    late.promise.catch(() => undefined);
    transport.close();
  }
}
