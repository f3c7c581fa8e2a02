/** Add and Remove: an actor changes a collection, its own. ActivityPub 7.8, 7.9. */
import { targetProblem } from './authority.ts';
import { type ActivityRule, NO_NEEDS, processed, rejected } from './decision.ts';

export const changeOfCollection: ActivityRule = {
  needs: () => NO_NEEDS,
  decide({ facts }) {
    const problem = targetProblem(facts);
    return problem === null ? processed() : rejected(problem);
  },
};
