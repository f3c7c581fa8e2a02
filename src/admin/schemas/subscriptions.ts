/** Remote lists: the schemas of answers. */
import { count, listOf, object, oneOf, orNull, text, time, uri, yesNo } from './shapes.ts';

const severity = oneOf('allow', 'none', 'silence', 'block');
const policy = object({
  domain: orNull(text),
  source: orNull(text),
  severity,
  rejectMedia: yesNo,
  rejectReports: yesNo,
});

export const subscriptions = {
  Subscription: object({
    id: text,
    source: text,
    name: text,
    url: uri,
    kind: oneOf('csv', 'json', 'plain', 'mastodon', 'fires'),
    state: oneOf('waiting', 'ok', 'failing', 'suspicious', 'paused', 'removing'),
    mode: oneOf('auto', 'draft'),
    everySeconds: count,
    severityMax: oneOf('none', 'silence', 'block'),
    followedMax: orNull(oneOf('silence', 'none')),
    onRemove: oneOf('retract', 'adopt'),
    comment: text,
    hasLogin: yesNo,
    entries: count,
    pending: count,
    review: listOf(text),
    failures: count,
    error: orNull(text),
    suspicion: orNull(text),
    polledAt: orNull(time),
    okAt: orNull(time),
    dueAt: orNull(time),
    batch: orNull(text),
    createdAt: time,
    by: text,
  }),
  SubscriptionEntry: object({
    kind: oneOf('domain', 'actor'),
    key: text,
    severity: orNull(severity),
    rejectMedia: yesNo,
    rejectReports: yesNo,
    labels: listOf(text),
    labelNames: listOf(orNull(text)),
    isApplied: yesNo,
  }),
  SubscriptionPreview: object({
    add: count,
    update: count,
    remove: count,
    suspicion: orNull(text),
    review: listOf(text),
    items: listOf(
      object({
        domain: text,
        change: oneOf('add', 'update', 'remove', 'same'),
        from: policy,
        to: policy,
        follows: count,
      }),
    ),
    problems: listOf(text),
  }),
  SubscriptionRemoved: object({ id: text, rules: count, onRemove: oneOf('retract', 'adopt') }),
};
