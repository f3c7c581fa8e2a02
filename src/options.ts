/**
 * Every option: name, unit, default, reason. Options come from code (`createInbox({ … })`), from the environment
 * (`fromEnv()`) and from a configuration file; they are checked once, together, and become one `Settings` value.
 */
export {
  checkFilterList,
  checkOptions,
  configurationError,
  type Fault,
  isCidr,
  OPTION_NAMES,
  readOptions,
} from './options/check.ts';
export type * from './options/domains.ts';
export { millisecondsOf } from './options/duration.ts';
export { SHADOW_POLICY } from './options/filters.ts';
export {
  aliasesProblem,
  type FollowTerms,
  followPolicyProblem,
  generalAnswer,
  type PolicyAnswer,
  termsFor,
} from './options/follow-policy.ts';
export { stderrLogger } from './options/logger.ts';
export { policyVersion } from './options/policy-version.ts';
export type * from './options/shape.ts';
