/** Update: an actor has changed an object, its own, or itself. ActivityPub 7.3. */
import { objectProblem } from './authority.ts';
import { type ActivityRule, NO_NEEDS, processed, rejected } from './decision.ts';

export const update: ActivityRule = {
  needs: () => NO_NEEDS,
  decide({ facts }) {
    const problem = objectProblem(facts);
    return problem === null ? processed() : rejected(problem);
  },
};
