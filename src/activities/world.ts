/**
 * The world of one turn: what was fetched before its first mail, and every effect of the decisions since.
 *
 * Decisions only send events to follow-request machines. What a transition means for collections and answers is
 * said once, in `#follow`: entering `accepted` joins, leaving it leaves, and our side's answer to an incoming
 * request is sent. So a member is where its machine says, whoever caused the transition: mail, policy, moderator.
 */
import { type FollowRequestEvent, followRequestMachine, SnapshotError, step } from '../../machines/index.ts';
import { domainOf, withParents } from '../activity.ts';
import type { NewEvent } from '../api.ts';
import type {
  ActorMove,
  Effects,
  FollowFacts,
  FollowLife,
  LocalFollower,
  Membership,
  NewFollow,
  NewReport,
  ObjectFacts,
  OwnActivity,
  Pair,
  PastActivity,
  RemoteInbox,
  Retraction,
  Send,
  UserBlock,
} from '../effects.ts';
import { ownAnswer, ownFollow, ownUndo } from './answer.ts';
import type { Change, Known } from './decision.ts';

/** What was fetched before the first mail of a turn. */
export interface Fetched {
  readonly requests: readonly FollowLife[];
  readonly inboxes: readonly RemoteInbox[];
  readonly objects?: readonly ObjectFacts[];
  readonly activities?: ReadonlyMap<string, PastActivity>;
  readonly retractions?: readonly Retraction[];
  readonly followers?: readonly LocalFollower[];
  readonly blocks?: readonly UserBlock[];
  readonly moves?: readonly ActorMove[];
}

const retractionKey = ({ actor, object }: Retraction): string => `${actor} ${object}`;
const pairKey = ({ follower, following }: Pair): string => `${follower} ${following}`;
const blockKey = ({ actor, target }: UserBlock): string => `${actor} ${target}`;
const isAlive = (state: string): boolean => state === 'pending' || state === 'accepted';

export class World implements Known {
  readonly #atMs: number;
  readonly #inboxes: Map<string, RemoteInbox>;
  readonly #requests = new Map<string, FollowLife>();
  readonly #alive = new Map<string, string>();
  readonly #begun = new Set<string>();
  readonly #changed = new Set<string>();
  readonly #memberships = new Map<string, Membership & { readonly isIn: boolean }>();
  /** The keys of memberships, by collection and item: with thousands in a turn nobody looks through all of them. */
  readonly #keys = new Map<string, Map<string, string[]>>();
  readonly #cleared = new Set<string>();
  readonly #followers: readonly LocalFollower[];
  readonly #objects: Map<string, ObjectFacts>;
  readonly #kept = new Set<string>();
  readonly #activities: Map<string, PastActivity>;
  readonly #retracted: Set<string>;
  readonly #retractions: Retraction[] = [];
  readonly #reports: NewReport[] = [];
  readonly #blocks: ReadonlySet<string>;
  readonly #moves: readonly ActorMove[];
  readonly #moved: ActorMove[] = [];
  readonly #gone = new Set<string>();
  readonly #changedActors = new Set<string>();
  readonly #sends: Send[] = [];
  readonly #events: NewEvent[] = [];

  constructor(atMs: number, { requests, inboxes, objects = [], activities = new Map(), ...rest }: Fetched) {
    const { retractions = [], followers = [], blocks = [], moves = [] } = rest;
    this.#atMs = atMs;
    this.#followers = followers;
    this.#blocks = new Set(blocks.map(blockKey));
    this.#moves = moves;
    this.#inboxes = new Map(inboxes.map((remote) => [remote.id, remote]));
    this.#objects = new Map(objects.map((object) => [object.uri, object]));
    this.#activities = new Map(activities);
    this.#retracted = new Set(retractions.map(retractionKey));
    for (const request of requests) this.#keep(request);
  }

  followRequest(activityId: string): FollowFacts | undefined {
    return this.#requests.get(activityId);
  }

  liveBetween(pair: Pair): FollowFacts | undefined {
    const activityId = this.#alive.get(pairKey(pair));
    return activityId === undefined ? undefined : this.#requests.get(activityId);
  }

  liveOf(actor: string): FollowFacts[] {
    const live = [...this.#alive.values()].map((id) => this.#requests.get(id) as FollowLife);
    return live.filter(({ follower, following }) => follower === actor || following === actor);
  }

  object(uri: string): ObjectFacts | undefined {
    return this.#objects.get(uri);
  }

  featuredOf(actor: string): string | null {
    return this.#inboxes.get(actor)?.featured ?? null;
  }

  activity(activityId: string): PastActivity | undefined {
    return this.#activities.get(activityId);
  }

  isRetracted(actor: string, object: string): boolean {
    return this.#retracted.has(retractionKey({ actor, object }));
  }

  get hasBlocks(): boolean {
    return this.#blocks.size > 0;
  }

  isBlockedBy(local: string, actor: string): boolean {
    if (this.#blocks.size === 0) return false;
    const targets = [actor, ...withParents(domainOf(actor) ?? '')];
    return targets.some((target) => this.#blocks.has(blockKey({ actor: local, target })));
  }

  lastMoveOf(actor: string): ActorMove | undefined {
    return [...this.#moves, ...this.#moved].findLast((move) => move.actor === actor || move.target === actor);
  }

  followersAmong(actor: string, addressees: readonly string[]): string[] {
    const reached = new Set<string>();
    // Thousands of followers and thousands of names: nobody compares all with all.
    const named = new Set(addressees);
    for (const { follower, following, collection } of this.#followers)
      if (following === actor && named.has(collection)) reached.add(follower);
    // In this turn a follow may have begun, or ended.
    for (const { direction, follower, following } of this.#requests.values()) {
      if (direction !== 'outgoing' || following !== actor) continue;
      if (this.liveBetween({ follower, following })?.state !== 'accepted') reached.delete(follower);
      else if (named.has(`${actor}/followers`)) reached.add(follower);
    }
    return [...reached];
  }

  /** An activity has acted: what comes later in this turn may refer to it. */
  remember(activityId: string, past: PastActivity): void {
    this.#activities.set(activityId, past);
  }

  /** An item enters a collection. Again, or after leaving in the same turn: it is simply in. */
  join(collection: string, item: string, via = ''): void {
    this.#member({ collection, item, via }, true);
  }

  leave(collection: string, item: string): void {
    this.#member({ collection, item, via: '' }, false);
  }

  #member(membership: Membership, isIn: boolean): void {
    const { collection, item, via } = membership;
    const keys = this.#keysOf(collection, item);
    // Whatever put it there: also what did so in this turn.
    if (!isIn && via === '')
      for (const other of keys) {
        const joined = this.#memberships.get(other) as Membership;
        this.#memberships.set(other, { ...joined, isIn: false });
      }
    const key = `${collection} ${item} ${via}`;
    if (!this.#memberships.has(key)) keys.push(key);
    this.#memberships.set(key, { ...membership, isIn });
  }

  #keysOf(collection: string, item: string): string[] {
    const items = this.#keys.get(collection) ?? new Map<string, string[]>();
    const keys = items.get(item) ?? [];
    this.#keys.set(collection, items.set(item, keys));
    return keys;
  }

  #clear(collection: string): void {
    this.#cleared.add(collection);
    for (const keys of this.#keys.get(collection)?.values() ?? [])
      for (const key of keys) this.#memberships.delete(key);
    this.#keys.delete(collection);
  }

  /** An event for the log; a turn's events are numbered in the order of these calls. */
  record(event: NewEvent): void {
    this.#events.push(event);
  }

  send(activity: OwnActivity, to: string): void {
    const remote = this.#inboxes.get(to);
    if (remote !== undefined) this.#sends.push({ activity, inbox: remote.inbox, domain: remote.domain });
  }

  /** Carries out what a decision asked for. Returns false when a machine had no such transition. */
  apply(change: Change): boolean {
    switch (change.type) {
      case 'begin':
        return this.#begin(change.request);
      case 'send':
        return this.#advance(change.activityId, change.event);
      case 'ask':
        return this.#ask(change.pair, change.to);
      case 'keep':
        this.#objects.set(change.object.uri, change.object);
        this.#kept.add(change.object.uri);
        break;
      case 'join':
      case 'leave':
        this.#member(change.membership, change.type === 'join');
        break;
      case 'clear':
        this.#clear(change.collection);
        break;
      case 'retract':
        this.#retracted.add(retractionKey(change.retraction));
        this.#retractions.push(change.retraction);
        break;
      case 'report':
        this.#reports.push(change.report);
        break;
      case 'moved':
        this.#moved.push(change.move);
        break;
      case 'actor-gone':
        this.#gone.add(change.actor);
        break;
      case 'actor-changed':
        this.#changedActors.add(change.actor);
    }
    return true;
  }

  /** Why a change had no effect, in words for the activity's row. */
  whyIdle(change: Change | undefined): string | null {
    if (change?.type !== 'send') return null;
    const state = this.#requests.get(change.activityId)?.state;
    return `the follow request is ${state}: ${change.event.type} changes nothing`;
  }

  effects(): Effects {
    const memberships = [...this.#memberships.values()];
    return {
      begun: [...this.#begun].map((id) => this.#requests.get(id) as FollowLife),
      changed: [...this.#changed].map((id) => this.#requests.get(id) as FollowLife),
      joins: memberships.filter(({ isIn }) => isIn),
      leaves: memberships.filter(({ isIn }) => !isIn),
      cleared: [...this.#cleared],
      objects: [...this.#kept].map((uri) => this.#objects.get(uri) as ObjectFacts),
      retractions: this.#retractions,
      reports: this.#reports,
      moves: this.#moved,
      gone: [...this.#gone],
      changedActors: [...this.#changedActors],
      sends: this.#sends,
      events: this.#events,
    };
  }

  /** The time of a follow request may have come: its machine draws the consequences. */
  wake(activityId: string): void {
    try {
      this.#advance(activityId, null);
    } catch (error) {
      // It stays as it is, and the mail of its domain goes on.
      if (!(error instanceof SnapshotError)) throw error;
    }
  }

  #begin({ waitMs = null, ...request }: NewFollow): boolean {
    const input = { ...inputOf(request), waitMs };
    const { stored, state, dueAtMs: dueMs } = step(followRequestMachine, null, input, [], this.#atMs);
    this.#begun.add(request.activityId);
    this.#keep({ ...request, state, stored, sinceMs: this.#atMs, dueMs });
    const event = request.direction === 'incoming' ? 'follow.received' : 'follow.sent';
    this.#log(request, null, state, event, null, null);
    return true;
  }

  #ask(pair: Pair, to: RemoteInbox): boolean {
    const own = ownFollow(pair, this.#atMs);
    this.#inboxes.set(to.id, to);
    this.#begin({ activityId: own.id, domain: to.domain, direction: 'outgoing', ...pair });
    this.send(own, to.id);
    return true;
  }

  /** Sends what is due to a request's machine, then this event. False when the event meant nothing in the state it met. */
  #advance(activityId: string, event: FollowRequestEvent | null): boolean {
    const life = this.#requests.get(activityId);
    if (life === undefined) return false;
    const events = event === null ? [] : [event];
    const stepped = step(followRequestMachine, life.stored, inputOf(life), events, this.#atMs);
    const { stored, dueAtMs: dueMs, transitions, handled } = stepped;
    let before = life;
    for (const { to, event: name } of transitions) {
      const after: FollowLife = { ...before, state: to, stored, dueMs, sinceMs: this.#atMs };
      this.#keep(after);
      if (!this.#begun.has(activityId)) this.#changed.add(activityId);
      const isDue = event === null || name !== event.type;
      const by = !isDue && 'by' in event ? event.by : null;
      this.#log(before, before.state, to, name, isDue ? 'expired' : event.reason, by);
      this.#consequences(before, after, name);
      before = after;
    }
    return handled[0] === true;
  }

  /** What a transition means outside the machine. */
  #consequences(before: FollowLife, after: FollowLife, event: string): void {
    // A replaced request hands its standing on instead.
    if (event === 'follow.replaced') return;
    const isIncoming = after.direction === 'incoming';
    const collection = isIncoming ? `${after.following}/followers` : `${after.follower}/following`;
    const item = isIncoming ? after.follower : after.following;
    if (after.state === 'accepted') this.join(collection, item);
    else if (before.state === 'accepted') this.leave(collection, item);
    if (!isIncoming && event === 'follow.undone')
      this.send(ownUndo(after.activityId, after, this.#atMs), after.following);
    if (!isIncoming || (after.state !== 'accepted' && after.state !== 'rejected')) return;
    const type = after.state === 'accepted' ? 'Accept' : 'Reject';
    this.send(ownAnswer(type, after.activityId, after, this.#atMs), after.follower);
  }

  #keep(request: FollowLife): void {
    this.#requests.set(request.activityId, request);
    if (isAlive(request.state)) this.#alive.set(pairKey(request), request.activityId);
    else if (this.#alive.get(pairKey(request)) === request.activityId) this.#alive.delete(pairKey(request));
  }

  #log(
    request: Omit<FollowFacts, 'state'>,
    from: string | null,
    to: string,
    event: string,
    reason: string | null,
    by: string | null,
  ): void {
    const { activityId: key, domain } = request;
    this.record({
      kind: 'transition',
      atMs: this.#atMs,
      machine: 'follow-request',
      key,
      domain,
      from,
      to,
      event,
      reason,
      by,
    });
  }
}

/** Of a life that has begun the machine reads no input any more. */
function inputOf({ activityId, direction, follower, following }: Omit<FollowFacts, 'state'>) {
  return { activityId, direction, follower, following, waitMs: null };
}
