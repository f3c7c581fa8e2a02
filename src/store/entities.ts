/**
 * The tables, as MikroORM entities: the schema and its migrations come from here. Hot statements are written out in
 * the files beside this one and name the same columns; `test/store/schema.test.ts` holds the migrated schema and
 * these entities together.
 */
import { Alert, Chore } from './entities/alerts.ts';
import { Audit } from './entities/audit.ts';
import {
  Activity,
  Actor,
  Document,
  Domain,
  Held,
  Mail,
  Meta,
  RateWindow,
  RemoteActor,
  RemoteKey,
} from './entities/incoming.ts';
import { ActorMove, FollowRequest, Member, ObjectState, Retraction, UserBlock } from './entities/known.ts';
import {
  Consumer,
  DeadLetter,
  Delivery,
  Event,
  HandlerCall,
  Outgoing,
  OwnActivity,
} from './entities/outgoing.ts';
import { Appeal, AppealLink, Report, ReportFlag } from './entities/reports.ts';
import { Rollup } from './entities/rollups.ts';
import { ActorRule, Batch, BatchItem, DomainRule } from './entities/rules.ts';
import {
  LabelName,
  PublicChange,
  Subscription,
  SubscriptionChange,
  SubscriptionEntry,
} from './entities/subscriptions.ts';
import { Trusted } from './entities/trusted.ts';

/** Every table. */
export const entities = [
  Meta,
  Actor,
  RemoteKey,
  RemoteActor,
  Domain,
  RateWindow,
  Mail,
  Held,
  Trusted,
  Document,
  Activity,
  FollowRequest,
  UserBlock,
  ActorMove,
  ObjectState,
  Retraction,
  Report,
  ReportFlag,
  Appeal,
  AppealLink,
  Member,
  OwnActivity,
  Delivery,
  Outgoing,
  Event,
  Audit,
  Consumer,
  HandlerCall,
  DeadLetter,
  DomainRule,
  ActorRule,
  Batch,
  BatchItem,
  Rollup,
  Alert,
  Chore,
  Subscription,
  SubscriptionEntry,
  SubscriptionChange,
  LabelName,
  PublicChange,
];
