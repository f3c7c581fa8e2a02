/** Update: an actor has changed an object, its own, or itself. ActivityPub 7.3. */
import { objectProblem } from './authority.ts';
import { type ActivityRule, processed, rejected } from './decision.ts';
import { isGone, kept, needsOfObject, objectIn, removed } from './object-state.ts';

export const update: ActivityRule = {
  needs: needsOfObject,

  decide(letter, known, atMs) {
    const { facts } = letter;
    const problem = objectProblem(facts);
    if (problem !== null) return rejected(problem);
    // What its document says now is looked up there, when it is needed.
    if (facts.objects[0] === facts.actor)
      return processed(null, [{ type: 'actor-changed', actor: facts.actor }]);
    const found = objectIn(letter, facts.inner?.changedMs ?? atMs);
    if (found === null) return processed('the object has no id, or is only named');
    const before = known.object(found.uri);
    if (before !== undefined && before.owner !== facts.actor)
      return rejected('the object is somebody else\u2019s');
    if (before?.isDeleted) return processed('the object is deleted');
    // An Update that names nobody takes nothing back from those who have seen the object.
    const isPublic = facts.addressees.length === 0 ? (before?.isPublic ?? false) : found.isPublic;
    const object = { ...found, isPublic };
    if (before !== undefined && before.changedMs > object.changedMs)
      return processed('a newer version is known');
    return before === undefined && isGone(known, facts)
      ? processed('deleted before it came', removed(object))
      : processed(null, kept(object, before, known));
  },
};
