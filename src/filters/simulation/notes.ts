/** What a simulation cannot know, in sentences for whoever reads its result. */
import type { FilterSettings } from '../../options.ts';

const OF_FOLLOWS = ['hellthread', 'newcomer-links', 'stranger-media', 'relevance'];
const COUNTING = ['duplicate-content', 'follow-bursts'];
const OF_ACTORS = ['account-age', 'newcomer-links'];

export function notesOn(what: {
  readonly filters: readonly FilterSettings[];
  readonly isExternalAsked: boolean;
  readonly codeFilters: readonly string[];
  readonly hasForgotten: boolean;
}): string[] {
  const { filters, isExternalAsked, codeFilters, hasForgotten } = what;
  const namesOf = (uses: readonly string[]): string =>
    filters
      .filter(({ use }) => uses.includes(use))
      .map(({ name }) => name)
      .join(', ');
  const counting = namesOf(COUNTING);
  const external = namesOf(['external']);
  const follows = namesOf(OF_FOLLOWS);
  const actors = namesOf(OF_ACTORS);
  const limiting = filters
    .filter((one) => one.verdict === 'limit' || (one.use === 'hellthread' && one.limit !== null))
    .map(({ name }) => name)
    .join(', ');
  return [
    external !== '' && !isExternalAsked && `Not asked, because it was not said to ask services: ${external}.`,
    external !== '' && isExternalAsked && `A service answers as it does today: ${external}.`,
    counting !== '' && `What came before the first activity is not counted: ${counting}.`,
    follows !== '' &&
      `Follows that have ended since do not count, and who forwarded an activity is not known: ${follows}.`,
    actors !== '' && `What its server says of an actor is what it said last: ${actors}.`,
    filters.some(({ use }) => use === 'first-contact') &&
      'What moderators would approve is not assumed: an actor that is held stays a stranger.',
    limiting !== '' && `Limits are counted, and nothing is refused because of them: ${limiting}.`,
    codeFilters.length > 0 &&
      `Filters in code are not asked; what they stopped stays stopped: ${codeFilters.join(', ')}.`,
    hasForgotten && 'There were more actors than are remembered: some of them count as strangers.',
    'What an activity would have changed for later ones is not followed up, but for whom is known and what is stored.',
    'Activities that wait for their turn, or were refused at the door, are not in it.',
  ].filter((note) => typeof note === 'string');
}
