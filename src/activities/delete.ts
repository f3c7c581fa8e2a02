/** Delete: an actor has removed an object, its own, or itself. ActivityPub 7.4. */
import { objectProblem } from './authority.ts';
import { type ActivityRule, NO_NEEDS, processed, rejected } from './decision.ts';

export const remove: ActivityRule = {
  needs: () => NO_NEEDS,
  decide({ facts }) {
    const problem = objectProblem(facts);
    return problem === null ? processed() : rejected(problem);
  },
};
