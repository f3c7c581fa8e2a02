/** Flag: somebody reports objects to our moderators. All of them are kept. ActivityStreams vocabulary, Flag. */
import { type ActivityRule, NO_NEEDS, processed } from './decision.ts';

export const flag: ActivityRule = {
  needs: () => NO_NEEDS,
  decide({ facts, domain }) {
    const { id: activityId, actor, objects } = facts;
    if (objects.length === 0) return processed('the report names nothing');
    return processed(null, [{ type: 'report', report: { activityId, actor, domain, objects } }]);
  },
};
