/** Follow requests, and what our own actors do: the schemas of answers. */
import { count, listOf, object, oneOf, orNull, text, time, uri } from './shapes.ts';

const followRequestStates = ['pending', 'accepted', 'rejected', 'withdrawn'];

export const actors = {
  FollowRequest: object({
    id: text,
    activityId: uri,
    direction: oneOf('incoming', 'outgoing'),
    follower: uri,
    following: uri,
    state: oneOf(...followRequestStates),
    since: time,
  }),
  UserBlock: object({ actor: orNull(uri), domain: orNull(text), since: time }),
  Sent: object({ activityId: uri, object: orNull(uri), deliveries: count }),
  Collection: object({ total: count, items: listOf(uri), next: orNull(text) }),
  Follow: object({ activityId: uri }),
};
