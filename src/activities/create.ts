/** Create: an actor has made an object, its own. ActivityPub 7.2. */
import { objectProblem } from './authority.ts';
import { type ActivityRule, processed, rejected } from './decision.ts';
import { asReply, isGone, kept, needsOfObject, objectIn, removed } from './object-state.ts';

export const create: ActivityRule = {
  needs: needsOfObject,

  decide(letter, known) {
    const { facts } = letter;
    const problem = objectProblem(facts);
    if (problem !== null) return rejected(problem);
    const object = objectIn(letter, facts.inner?.changedMs ?? 0);
    if (object === null) return processed('the object has no id, or is only named');
    const before = known.object(object.uri);
    if (before !== undefined && before.owner !== facts.actor)
      return rejected('the object is somebody else\u2019s');
    if (before?.isDeleted) return processed('the object is deleted');
    // Somebody here may have asked for it before it came: then it is among no replies yet.
    if (before !== undefined) {
      const isSame = before.inReplyTo === object.inReplyTo;
      return processed('the object is known', isSame ? asReply('join', object, known) : []);
    }
    return isGone(known, facts)
      ? processed('deleted before it came', removed(object))
      : processed(null, kept(object, undefined, known));
  },
};
