/** What the world may import. Nothing inside of the house imports this file. */
import { createInbox as createInboxOf, type Inbox } from './embed.ts';
import type { InboxOptions } from './options.ts';

export type {
  AlertBody,
  AlertRecord,
} from './api/alerts.ts';
export type {
  CountKey,
  CountSubject,
  Counts,
  CountsQuery,
  DomainHistory,
  Overview,
} from './api/analytics.ts';
export type {
  HeldBulk,
  HeldBulkResult,
  HeldDetail,
  HeldFilter,
  HeldOrder,
  HeldQuery,
  Trust,
  TrustedRecord,
} from './api/held.ts';
export type {
  ExportedList,
  ExportQuery,
  ImportOptions,
  ImportPreview,
  ImportStarted,
  InForceQuery,
  ListFormat,
  ListKind,
  ListsDesk,
  Measure,
  MeasureName,
  RowProblem,
  RuleInForce,
} from './api/lists.ts';
export type {
  Pruned,
  PruneWish,
} from './api/retention.ts';
export type {
  BatchRecord,
  ChangeNote,
  DomainRule,
  EffectivePolicy,
  Policy,
  RuleChanges,
  RulePreview,
  RulesQuery,
  RuleWish,
  Severity,
} from './api/rules.ts';
export type {
  SimulatedOutcome,
  SimulatedPolicy,
  SimulationRecord,
  SimulationResult,
  SimulationSample,
  SimulationsDesk,
  SimulationWish,
} from './api/simulations.ts';
export type {
  SubscriptionEntry,
  SubscriptionKind,
  SubscriptionLogin,
  SubscriptionPreview,
  SubscriptionRecord,
  SubscriptionSettings,
  SubscriptionsDesk,
  SubscriptionWish,
} from './api/subscriptions.ts';
export type {
  SuspensionNote,
  SuspensionRecord,
  SuspensionsQuery,
} from './api/suspensions.ts';
export type {
  Activity,
  ActivityMap,
  ActivityRecord,
  ActorFacts,
  ActorView,
  AppealAnswer,
  AppealLinkRecord,
  AppealLinkState,
  AppealRecord,
  AppealsQuery,
  AuditEntry,
  AuditFilter,
  AuditKind,
  AuditQuery,
  AuditRecord,
  BuiltInRecord,
  DeadLetter,
  DeliveryRecord,
  DomainFacts,
  DomainRecord,
  Filter,
  FilterActor,
  FilterContext,
  FilterOptions,
  FilterRecord,
  FiltersDesk,
  FilterTrial,
  FlagActivity,
  FollowRequestRecord,
  Forwarded,
  Handler,
  HandlerContext,
  HeldRecord,
  HistoryEntry,
  MachineName,
  MachineStates,
  ModeratorNote,
  NewAppeal,
  NormalActivity,
  ObjectRecord,
  ObjectView,
  OwnReport,
  Page,
  PageQuery,
  Ref,
  ReportClaim,
  ReportDetail,
  ReportedObject,
  ReportFlagRecord,
  ReportNote,
  ReportRecord,
  ReportsQuery,
  Sent,
  StoredKind,
  StoredViews,
  Transaction,
  Transition,
  UserBlockRecord,
} from './api.ts';
export type {
  ActivitiesQuery,
  CollectionName,
  CollectionPage,
  DomainVerb,
  HandlerOptions,
  Impact,
  Inbox,
  MachineRecord,
  Moderation,
  RawRequest,
  ResolveOptions,
  TransitionsQuery,
} from './embed.ts';
export { type ErrorCode, SallyportError } from './errors.ts';
export { fromEnv } from './options/environment.ts';
export type {
  AccountAgeFilter,
  ActorResolver,
  AlertChannel,
  AlertEvent,
  AlertPattern,
  BuiltInFilter,
  BuiltInVerdict,
  DomainPolicyOptions,
  DuplicateContentFilter,
  Duration,
  ExternalFilter,
  FirstContactFilter,
  FollowBurstsFilter,
  FollowersNamed,
  FollowPolicy,
  FollowPolicyFunction,
  FollowPolicyRequest,
  FollowRule,
  HellthreadFilter,
  InboxOptions,
  Keep,
  KeywordsFilter,
  LocalActorOptions,
  Logger,
  MailChannel,
  MentionsFilter,
  NewcomerLinksFilter,
  ObjectAgeFilter,
  PatternsFilter,
  RateLimit,
  RelevanceFilter,
  ReportsFilter,
  ResolvedActor,
  RetentionOptions,
  ScoreThresholds,
  SignedIn,
  SlackChannel,
  StrangerMediaFilter,
  TypesFilter,
  UnknownReplyFilter,
  WebhookChannel,
} from './options.ts';
export {
  type Answer,
  type DomainWish,
  drop,
  type FilterRemark,
  type FilterVerdict,
  hold,
  limit,
  reject,
  type Status,
  score,
  shadow,
} from './verdict.ts';

/**
 * Makes an inbox; `start` opens it. All faults of the options come in one `ERR_CONFIG`. Nothing is read from the
 * environment: spread `fromEnv()` into the options for that. What `sallyport/testing` puts in the place of clock,
 * network and disk is no option of it.
 * @example
 * ```ts
 * const inbox = createInbox({ origin: 'https://social.example', actors: { alice: {} } });
 * inbox.on('Follow', (follow) => console.log(follow.actor.uri));
 * await inbox.start();
 * createServer(toNodeHandler(inbox)).listen(8080);
 * ```
 */
export const createInbox = (options: InboxOptions): Inbox => createInboxOf(options);
