/** Links in posts of newcomers. A link is none that is a mention or a hashtag, or leads to where links may lead. */
import { domainOf, withParents } from '../../activity.ts';
import { type BuiltIn, verdictOf } from './built-in.ts';
import { isTag, linksIn, objectsIn } from './reading.ts';
import { inWords } from './words.ts';

export const newcomerLinks: BuiltIn<'newcomer-links'> = {
  effect: 'finds links in posts of actors who are new here, or young',
  make: (settings) => {
    const { knownFor, olderThan } = settings;
    const allowed = new Set(settings.allow ?? []);
    const isAllowed = (url: string): boolean =>
      allowed.size > 0 && withParents(domainOf(url) ?? '').some((name) => allowed.has(name));
    return async ({ normal, actor: { uri }, receivedAt }, context) => {
      const found = objectsIn(normal)
        .flatMap((object) => linksIn(object).filter((link) => !isTag(link, object, uri)))
        .filter(({ url }) => !isAllowed(url));
      const [first] = found;
      if (first === undefined) return undefined;
      const { actor } = context;
      const hereMs = actor === null ? 0 : receivedAt.getTime() - actor.firstSeen.getTime();
      const published = actor?.published ?? null;
      const ageMs = published === null ? null : receivedAt.getTime() - published.getTime();
      const isYoung = olderThan !== null && (ageMs === null || ageMs < olderThan);
      if (hereMs >= knownFor && !isYoung) return undefined;
      if ((await context.actorFacts).isFollowedHere) return undefined;
      const who = hereMs < knownFor ? `is known here for ${inWords(Math.max(0, hereMs))}` : 'is young';
      return verdictOf(settings, `${countOf(found.length)} by somebody who ${who}`, first.url);
    };
  },
};

const countOf = (count: number): string => (count === 1 ? 'a link' : `${count} links`);
