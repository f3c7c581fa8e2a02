/** What the demo says first: what to open and what to try. */
import { paint } from '../paint.ts';
import type { RunningServer } from '../server.ts';

export function banner({ inbox, adminUrl, token, isTokenNew }: RunningServer): string {
  const { origin } = inbox;
  const { host } = new URL(origin);
  const shown = isTokenNew ? token : '$SALLYPORT_ADMIN_TOKEN';
  const title = (text: string): string => paint(text, 'strong');
  return `
${title('Sallyport, with a simulated Fediverse knocking at the door.')}
birds, library and garden behave; chatty runs into the limit of its domain and recovers; spam forges.

${title('Open')}
  an actor    ${origin}/users/alice
  WebFinger   ${origin}/.well-known/webfinger?resource=acct:alice@${host}
  metrics     ${adminUrl}/metrics
  admin API   ${adminUrl}/admin/api/openapi.json   with the token

${title('Try, in a second terminal')}
  npx sallyport domains ls
  npx sallyport domains block spam.localhost --reason 'forged signatures'
  npx sallyport follows ls --state pending
  npx sallyport follows accept ID
  npx sallyport held ls                     # where filters are configured
  npx sallyport machines show domain
  npx sallyport tail
  curl -H "Authorization: Bearer ${shown}" ${adminUrl}/admin/api/activities
  curl -H "Authorization: Bearer ${shown}" ${adminUrl}/admin/api/actors/alice/outbox \\
    -d '{"activity": {"type": "Note", "content": "Hello", "to": "as:Public", "cc": "${origin}/users/alice/followers"}}'

${title('Now, live')}  (Ctrl-C ends it and leaves nothing behind)
`;
}
