/** What the world may import. Nothing inside of the house imports this file. */
export type {
  Activity,
  ActivityMap,
  ActivityRecord,
  DeadLetter,
  DeliveryRecord,
  DomainRecord,
  Filter,
  FilterActor,
  FilterContext,
  FilterOptions,
  FlagActivity,
  FollowRequestRecord,
  Handler,
  HandlerContext,
  HeldRecord,
  HistoryEntry,
  MachineName,
  MachineStates,
  ModeratorNote,
  ObjectRecord,
  Page,
  PageQuery,
  Ref,
  ReportRecord,
  Sent,
  Transition,
  UserBlockRecord,
} from './api.ts';
export { createInbox, type Inbox, type RawRequest } from './embed.ts';
export { type ErrorCode, SallyportError } from './errors.ts';
export { fromEnv } from './options/environment.ts';
export type {
  ActorResolver,
  Duration,
  FollowersNamed,
  FollowPolicy,
  FollowPolicyFunction,
  FollowPolicyRequest,
  FollowRule,
  InboxOptions,
  LocalActorOptions,
  Logger,
  RateLimit,
  ResolvedActor,
} from './options.ts';
export { type Answer, drop, type FilterVerdict, hold, reject, shadow } from './verdict.ts';
