/** Create: an actor has made an object, its own. ActivityPub 7.2. */
import { objectProblem } from './authority.ts';
import { type ActivityRule, NO_NEEDS, processed, rejected } from './decision.ts';

export const create: ActivityRule = {
  needs: () => NO_NEEDS,
  decide({ facts }) {
    const problem = objectProblem(facts);
    return problem === null ? processed() : rejected(problem);
  },
};
