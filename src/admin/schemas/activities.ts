/** What came in, went out or got stuck: the schemas of answers. */
import { count, listOf, object, oneOf, orNull, text, time, uri, yesNo } from './shapes.ts';

export const activities = {
  Activity: object({
    id: text,
    activityId: uri,
    type: text,
    actor: uri,
    domain: text,
    inboxes: listOf(uri),
    status: oneOf('accepted', 'processed', 'held', 'dropped', 'rejected', 'failed'),
    reason: orNull(text),
    receivedAt: time,
    history: listOf({
      type: 'object',
      required: ['at', 'what'],
      properties: {
        at: time,
        what: text,
        inbox: uri,
        reason: text,
        filter: text,
        asked: listOf(text),
        by: text,
      },
    }),
  }),
  Delivery: object({
    id: text,
    inbox: uri,
    domain: text,
    state: oneOf('waiting', 'delivered', 'dead'),
    attempts: count,
    nextAt: orNull(time),
  }),
  DeadLetter: object({
    id: text,
    kind: oneOf('mail', 'handler', 'delivery'),
    activityId: uri,
    error: text,
    attempts: count,
  }),
  Object: object({
    uri,
    type: orNull(text),
    owner: orNull(uri),
    deleted: yesNo,
    likes: object({ total: count }),
    shares: object({ total: count }),
    replies: object({ total: count }),
    dislikes: object({ total: count }),
    emojiReactions: object({ total: count }),
  }),
};
