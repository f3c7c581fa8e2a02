/** Activities that are aimed at many: everybody whom they mention or address by name, once. */
import { type NormalActivity, PUBLIC } from '../../activity.ts';
import type { FilterActor } from '../../api.ts';
import { type BuiltIn, verdictOf } from './built-in.ts';

export const mentions: BuiltIn<'mentions'> = {
  use: 'mentions',
  effect: 'finds what mentions or addresses more actors than this',
  options: {
    max: { meaning: 'actors that may be mentioned or addressed', example: 5, byDefault: null },
  },
  make: ({ verdict, max }) => {
    return (activity, { actor }) => {
      const count = mentionedIn(activity.normal, activity.actor.uri, actor).size;
      return count > max ? verdictOf(verdict, `${count} actors are mentioned`) : undefined;
    };
  },
};

const ADDRESSING = ['to', 'cc', 'bto', 'bcc', 'audience'];

/** Ids of those whom an activity and its objects mention or address: neither its sender, nor collections. */
function mentionedIn(activity: NormalActivity, sender: string, actor: FilterActor | null): Set<string> {
  const found = new Set<string>();
  for (const node of [activity, ...listOf(activity.object)]) {
    if (typeof node !== 'object' || node === null) continue;
    const properties = node as NormalActivity;
    for (const name of ADDRESSING) for (const one of listOf(properties[name])) add(idOf(one));
    for (const tag of listOf(properties.tag)) {
      const { type, href } = (tag ?? {}) as { type?: unknown; href?: unknown };
      if (listOf(type).includes('Mention')) add(idOf(href));
    }
  }
  return found;

  function add(id: string | null): void {
    if (id === null || id === PUBLIC || id === sender || id === actor?.followers || isFollowers(id)) return;
    found.add(id);
  }
}

/** Of whose followers it is nobody says, and it is always this path where there is one at all. */
const isFollowers = (id: string): boolean => /\/follow(?:ers|ing)\/?$/.test(id);

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value]);

function idOf(value: unknown): string | null {
  const id = typeof value === 'object' && value !== null ? (value as { id?: unknown }).id : value;
  return typeof id === 'string' ? id : null;
}
