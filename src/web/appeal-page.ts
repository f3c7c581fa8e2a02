/**
 * The page that a link for an appeal leads to: a form, or how the appeal stands. Plain HTML without script, style or
 * anything of a third party; whatever came from outside is text.
 */
import type { AppealAnswer, AppealLinkState } from '../api/appeals.ts';
import type { Answer } from '../verdict.ts';

const HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy':
    "default-src 'none'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-robots-tag': 'noindex',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;

/** How much each field takes. */
export interface AppealBounds {
  readonly reasonMax: number;
  readonly contactMax: number;
}

/** What the link leads to. */
export function appealPage(host: string, link: AppealLinkState, bounds: AppealBounds): Answer {
  if (link.type === 'none') return noLink();
  if (link.type === 'used') {
    const { receivedAt, state } = link.appeal;
    const stands = {
      open: 'Nobody has decided yet.',
      upheld: 'The block stays.',
      overturned: 'The block has ended.',
    };
    return page(200, 'Your appeal', [
      `<p>The appeal of <strong>${text(link.domain)}</strong> came on ${text(receivedAt.slice(0, 10))}. ${stands[state]}</p>`,
    ]);
  }
  return page(200, `Appeal to ${host}`, [form(host, link.domain, bounds)]);
}

/** What is said to a form that was sent. `problem` is why it cannot be taken as it is. */
export function afterAppeal(
  answer: AppealAnswer | { readonly type: 'problem'; readonly problem: string },
): Answer {
  switch (answer.type) {
    case 'taken':
      return page(200, 'Thank you', [
        '<p>The moderators will read your appeal. This page shows how it stands, until the link ends.</p>',
      ]);
    case 'not-blocked':
      return page(409, 'Nothing to appeal', ['<p>Your domain is not blocked here any more.</p>']);
    case 'too-early': {
      const days = Math.ceil(answer.retryAfterSeconds / 86_400);
      const said = `Your domain has appealed lately. It may do so again in ${days} ${days === 1 ? 'day' : 'days'}.`;
      const early = page(429, 'Too early', [`<p>${said}</p>`]);
      return { ...early, headers: { ...early.headers, 'retry-after': String(answer.retryAfterSeconds) } };
    }
    case 'problem':
      return page(422, 'Not taken', [
        `<p>${text(answer.problem)}.</p>`,
        '<p>Please go back and try again.</p>',
      ]);
    case 'no-link':
      return noLink();
  }
}

const noLink = (): Answer =>
  page(404, 'No such link', [
    '<p>This link is unknown or too old, or was used. Ask the moderators for another one.</p>',
  ]);

function form(host: string, domain: string, { reasonMax, contactMax }: AppealBounds): string {
  return `<p><strong>${text(domain)}</strong> is blocked by ${text(host)}. Here its administrators can say, once, why it should not be.</p>
<form method="post">
<p><label for="reason">Why should the block end?</label><br>
<textarea id="reason" name="reason" rows="10" cols="60" maxlength="${reasonMax}" required></textarea></p>
<p><label for="contact">How can the moderators reach you? (optional)</label><br>
<input id="contact" name="contact" size="60" maxlength="${contactMax}"></p>
<p><button>Send the appeal</button></p>
</form>`;
}

function page(status: number, title: string, parts: readonly string[]): Answer {
  const body = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${text(title)}</title>
</head>
<body>
<main>
<h1>${text(title)}</h1>
${parts.join('\n')}
</main>
</body>
</html>
`;
  return { status, headers: HEADERS, body };
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function text(raw: string): string {
  return raw.replace(/[&<>"']/g, (character) => ENTITIES[character] as string);
}
