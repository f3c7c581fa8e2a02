/**
 * The same text from anybody, again and again. Compared is the folded text without mentions, so that a flood that greets
 * each of its victims by name is one. What this process has seen is remembered, in bounded memory; several processes
 * count each for itself.
 */
import { hash } from 'node:crypto';
import { type BuiltIn, verdictOf } from './built-in.ts';
import { objectsIn } from './reading.ts';

const TEXTS_MAX = 10_000;
/** Objects of one text that are told apart: an edit of one of them is no copy. */
const OBJECTS_MAX = 50;

interface Copies {
  lastMs: number;
  count: number;
  readonly objects: Set<string>;
}

export const duplicateContent: BuiltIn<'duplicate-content'> = {
  effect: 'finds the same text in posts of anybody, within a window',
  make: (settings) => {
    const seen = new Map<string, Copies>();
    return ({ type, id, normal, receivedAt }, { folded, isDryRun }) => {
      if (type !== 'Create' && type !== 'Update') return undefined;
      const text = folded
        .replace(/@[\p{L}\p{N}_.-]+(?:@[\p{L}\p{N}.:-]+)?/gu, '')
        .replace(/\s+/g, ' ')
        .trim();
      if (text.length < settings.characters) return undefined;
      const key = hash('sha256', text, 'base64');
      const atMs = receivedAt.getTime();
      const before = seen.get(key);
      const copies =
        before === undefined || atMs - before.lastMs > settings.window
          ? { lastMs: atMs, count: 0, objects: new Set<string>() }
          : before;
      const object = objectsIn(normal)[0]?.id;
      const name = typeof object === 'string' ? object : id;
      const isNew = !copies.objects.has(name);
      const count = copies.count + (isNew ? 1 : 0);
      if (!isDryRun) {
        copies.count = count;
        copies.lastMs = Math.max(copies.lastMs, atMs);
        if (copies.objects.size < OBJECTS_MAX) copies.objects.add(name);
        seen.delete(key);
        if (seen.size >= TEXTS_MAX) seen.delete(seen.keys().next().value as string);
        seen.set(key, copies);
      }
      if (!isNew || count <= settings.copies) return undefined;
      return verdictOf(settings, 'the same text came before', `copy ${count} of ${text.length} characters`);
    };
  },
};
