/** Type name to file: the only dispatcher. A type without a file is stored and handed to handlers. */

import type { Needs } from '../effects.ts';
import { accept, reject } from './answer-to-follow.ts';
import { block } from './block.ts';
import { changeOfCollection } from './collection.ts';
import { create } from './create.ts';
import {
  type ActivityRule,
  type Decision,
  type Known,
  type Letter,
  NO_NEEDS,
  processed,
} from './decision.ts';
import { remove } from './delete.ts';
import { flag } from './flag.ts';
import { follow } from './follow.ts';
import { move } from './move.ts';
import { react } from './reaction.ts';
import { unwanted } from './recipients.ts';
import { undo } from './undo.ts';
import { update } from './update.ts';

const RULES = new Map<string, ActivityRule>([
  ['Accept', accept],
  ['Add', changeOfCollection],
  ['Announce', react],
  ['Block', block],
  ['Create', create],
  ['Delete', remove],
  ['Dislike', react],
  ['EmojiReact', react],
  ['Flag', flag],
  ['Follow', follow],
  ['Like', react],
  ['Move', move],
  ['Reject', reject],
  ['Remove', changeOfCollection],
  ['Undo', undo],
  ['Update', update],
]);

/** What must be known to decide about this letter. */
export function needsOf(letter: Letter): Needs {
  return RULES.get(letter.facts.type)?.needs(letter) ?? NO_NEEDS;
}

/** How this letter ends and what it asks for. Pure. */
export function decide(letter: Letter, known: Known, atMs: number): Decision {
  return unwanted(letter, known) ?? RULES.get(letter.facts.type)?.decide(letter, known, atMs) ?? processed();
}
