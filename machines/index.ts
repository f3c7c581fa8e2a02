/** The machines, and the functions that run and describe them: `sallyport/machines`. Needs `xstate` and nothing else. */
export { type Chart, type ChartState, type ChartTransition, chart } from './chart.ts';
export {
  type ClosedFacts,
  DOMAIN_VERSION,
  type DomainContext,
  type DomainEvent,
  type DomainInput,
  type DomainOrigin,
  type DomainState,
  domainMachine,
} from './domain.ts';
export {
  FOLLOW_REQUEST_VERSION,
  type FollowRequestContext,
  type FollowRequestEvent,
  type FollowRequestInput,
  type FollowRequestState,
  followRequestMachine,
} from './follow-request.ts';
export { SnapshotError, type Stepped, type StepTransition, type Stored, step } from './step.ts';
