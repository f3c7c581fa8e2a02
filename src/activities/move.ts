/** Move: an actor has moved to another id. Nobody moves anybody else. FEP-7628 */
import { type ActivityRule, NO_NEEDS, processed, rejected } from './decision.ts';

export const move: ActivityRule = {
  needs: () => NO_NEEDS,
  decide({ facts: { actor, objects, target } }) {
    if (objects.length !== 1 || objects[0] !== actor) return rejected('only an actor itself can move');
    if (target === null || target === actor) return rejected('the actor moves nowhere');
    return processed();
  },
};
