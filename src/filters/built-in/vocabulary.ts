/** The filter `types`: what is wanted at all. */
import { type BuiltIn, verdictOf } from './built-in.ts';
import { objectsIn, typesOf } from './reading.ts';

export const vocabulary: BuiltIn<'types'> = {
  effect: 'finds activities and objects of other types than these',
  make: (settings) => {
    const activities = settings.activities === null ? null : new Set(settings.activities);
    const objects = settings.objects === null ? null : new Set(settings.objects);
    return ({ type, normal, actor: { uri } }) => {
      if (activities !== null && !activities.has(type))
        return verdictOf(settings, `activities of the type ${type} are not wanted`, type);
      if (objects === null || (type !== 'Create' && type !== 'Update')) return undefined;
      for (const object of objectsIn(normal)) {
        const types = typesOf(object);
        if (object.id === uri || types.some((one) => objects.has(one))) continue;
        const named = types.join(' ') || 'none';
        return verdictOf(settings, `objects of the type ${named} are not wanted`, named);
      }
      return undefined;
    };
  },
};
