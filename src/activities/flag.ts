/**
 * Flag: somebody reports objects to our moderators. ActivityStreams vocabulary, Flag.
 *
 * A report concerns us when it is about something of ours, or about an answer to something of ours, whosever it is. What
 * else it names is kept beside that. Misskey names the posts in the text alone.
 */
import { domainOf } from '../activity.ts';
import { type ActivityRule, type Known, type Letter, localNamed, NO_NEEDS, processed } from './decision.ts';

/** Objects kept of one Flag; real ones have a handful. */
const OBJECTS_MAX = 1_000;
/** Objects that are looked up, and links that are read from the text. */
const LOOKED_UP_MAX = 100;
const LINKS_MAX = 20;

export const flag: ActivityRule = {
  needs(letter) {
    const objects = [...letter.facts.objects, ...linksIn(letter.facts.said)];
    return { ...NO_NEEDS, objects: objects.slice(0, LOOKED_UP_MAX) };
  },
  decide(letter, known) {
    const { id: activityId, actor, objects: sent, said } = letter.facts;
    const links = linksIn(said).filter((link) => isOurs(letter, link) || known.object(link) !== undefined);
    const objects = [...new Set([...sent, ...links])].slice(0, OBJECTS_MAX);
    if (objects.length === 0) return processed('the report names nothing');
    const concerning = objects.filter((uri) => concernsUs(letter, known, uri));
    const [first] = concerning;
    if (first === undefined) return processed('the report is about nobody here');
    const target =
      concerning.find((uri) => localNamed(letter, uri) !== undefined) ?? known.object(first)?.owner ?? first;
    const { domain } = letter;
    const report = { activityId, actor, domain, target, objects, content: said ?? null };
    return processed(null, [{ type: 'report', report }]);
  },
};

const isOurs = ({ origin }: Letter, uri: string): boolean => uri === origin || uri.startsWith(`${origin}/`);

function concernsUs(letter: Letter, known: Known, uri: string): boolean {
  if (isOurs(letter, uri)) return true;
  const answered = known.object(uri)?.inReplyTo;
  return answered != null && isOurs(letter, answered);
}

/** The links in a text, as far as they can be ids. */
function linksIn(text: string | undefined): string[] {
  const found = text?.match(/https?:\/\/[^\s<>"']{1,2000}/g) ?? [];
  const links = found.map((link) => link.replace(/[.,;:!?)\]}]+$/, ''));
  return [...new Set(links)].filter((link) => domainOf(link) !== null).slice(0, LINKS_MAX);
}
