/** What people read in a mail or in a chat: a subject, and some lines. Pure. */
import type { AlertBody } from '../api/alerts.ts';

export interface Words {
  readonly subject: string;
  readonly lines: readonly string[];
}

type Facts = Readonly<Record<string, unknown>>;

/** What came from outside, on one line: in a mail nobody adds a line to it, and no header. */
function plain(value: unknown, charactersMax = 500): string {
  const text = String(value ?? '')
    .replace(/[\p{C}\u2028\u2029]+/gu, ' ')
    .trim();
  return text.length > charactersMax ? `${text.slice(0, charactersMax)}…` : text;
}

/** One alert in words. */
export function wordsOf({ event, created_at: at, object }: AlertBody): Words {
  const { subject, lines } = isGathered(object) ? many(event, object) : one(event, object);
  return {
    subject: plain(subject, 150),
    lines: [...lines.map((line) => plain(line, 1_000)), '', `At ${at}.`],
  };
}

/** Many alerts as one message. */
export function wordsOfMany(bodies: readonly AlertBody[]): Words {
  const all = bodies.map(wordsOf);
  const lines = all.flatMap(({ subject, lines: those }) => [
    `${subject}`,
    ...those.map((line) => `  ${line}`.trimEnd()),
    '',
  ]);
  return { subject: `${bodies.length} alerts: ${all[0]?.subject ?? ''}`, lines };
}

const isGathered = (object: Facts): object is { count: number; items: Facts[] } =>
  Array.isArray(object.items);

function one(event: string, object: Facts): Words {
  const facts = factsOf(object);
  switch (event) {
    case 'domain.state_changed':
      return {
        subject: `${object.domain} is ${object.to}: ${plain(object.reason) || 'no reason'}`,
        lines: facts,
      };
    case 'hold.created':
      return { subject: `${object.type} of ${object.actor} is held: ${object.reason}`, lines: facts };
    case 'report.created':
      return { subject: `New report ${object.id} from ${object.domain}`, lines: facts };
    case 'appeal.created':
      return { subject: `${object.domain} appeals its block`, lines: facts };
    case 'list.suspicious':
      return { subject: `A list has changed in a suspicious way: ${object.reason}`, lines: facts };
    case 'dead_letters.growing':
      return { subject: `Dead letters: ${object.count} new ones`, lines: facts };
    case 'test':
      return { subject: 'A test: this channel works', lines: facts };
    default:
      return { subject: `${event}: ${plain(object.domain ?? object.id)}`, lines: facts };
  }
}

const GATHERED: Readonly<Record<string, readonly [one: string, many: string]>> = {
  'hold.created': ['activity is held for a moderator', 'activities are held for a moderator'],
  'reviews.due': ['block is due for a review', 'blocks are due for a review'],
  'domain.state_changed': ['domain was closed by a list', 'domains were closed by lists'],
};

function many(event: string, { count, items }: { count: number; items: Facts[] }): Words {
  const lines = items.map((item) => {
    const { domain, to, type, actor, reason, reviewAt, since } = item;
    const parts = [domain, to, type, actor, reason];
    if (since !== undefined) parts.push(`since ${String(since)}`);
    if (reviewAt != null) parts.push(`review by ${String(reviewAt)}`);
    return `- ${parts
      .filter((part) => part != null)
      .map((part) => plain(part, 200))
      .join(', ')}`;
  });
  if (count > items.length) lines.push(`- and ${count - items.length} more`);
  const [single, several] = GATHERED[event] ?? [event, `times ${event}`];
  return { subject: `${count} ${count === 1 ? single : several}`, lines };
}

/** Facts, a line for each that says something. */
function factsOf(object: Facts): string[] {
  return Object.entries(object)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([name, value]) => `${name}: ${plain(typeof value === 'object' ? JSON.stringify(value) : value)}`);
}
