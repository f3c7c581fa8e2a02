/** What filters are told of an activity: what came with it, and what is looked up when one of them asks. */
import type { Activity, ActorFacts, DomainFacts, FilterActor, LocalFacts } from '../api.ts';
import type { Logger } from '../options.ts';
import type { Shelf } from '../references/view.ts';
import type { StoredFacts } from '../store/actors.ts';
import { actorFactsOf, domainFactsOf } from '../store/standing.ts';
import type { Store } from '../store/store.ts';
import type { Told } from './chain.ts';
import { createGroup } from './group.ts';
import { folded, legible, readableText } from './text.ts';

/** An activity with what is known of where it comes from. */
export interface Subject {
  readonly domain: string;
  readonly actorId: string;
  /** Who sent it, where that is not its actor. */
  readonly sender?: { readonly actor: string; readonly domain: string } | undefined;
  readonly locals: readonly Pick<LocalFacts, 'id'>[];
  readonly actor: StoredFacts | null;
  readonly state: string | null;
  readonly strikes: number | null;
}

export interface Telling {
  tell(
    activity: Activity,
    subject: Subject,
    more: { readonly isTrusted: boolean; readonly isDryRun: boolean },
  ): Told;
  /** The sender's actor, by what came with its key. */
  actorOf(subject: Pick<Subject, 'actor' | 'actorId'>): FilterActor | null;
}

/** Where it is looked up how somebody stands to those here, and what time it is. */
export interface Sources {
  nowMs(): number;
  factsOf(actor: string): Promise<ActorFacts>;
}

export function createTelling(parts: {
  store: Store;
  references: Shelf;
  logger: Logger;
  /** @default the database, now */
  sources?: Sources;
}): Telling {
  const { store, references, logger } = parts;
  const askActors = createGroup((ids: readonly string[]) => actorFactsOf(store, [...new Set(ids)]));
  const askDomains = createGroup((names: readonly string[]) =>
    domainFactsOf(store, [...new Set(names)], store.clock.now()),
  );
  const { nowMs, factsOf } = parts.sources ?? {
    nowMs: () => store.clock.now(),
    factsOf: async (id: string): Promise<ActorFacts> => (await askActors(id)).get(id) as ActorFacts,
  };

  const actorOf: Telling['actorOf'] = ({ actor, actorId }) => {
    if (actor === null) return null;
    const { type, preferredUsername, name, published, followers, firstSeenMs } = actor;
    const made = published === null ? null : new Date(published);
    const isDate = made !== null && !Number.isNaN(made.getTime());
    const ref = references.refTo(actorId, true);
    const firstSeen = new Date(firstSeenMs);
    return {
      ...ref,
      ...{ type, preferredUsername, name, published: isDate ? made : null, firstSeen, followers },
    };
  };

  return {
    actorOf,
    tell(activity, subject, { isTrusted, isDryRun }) {
      const { actorId, domain, sender } = subject;
      const from = sender ?? { actor: actorId, domain };
      const text = once(() => readableText(activity.normal));
      const legibleText = once(() => legible(text()));
      const foldedText = once(() => folded(legibleText()));
      const actorFacts = once(() => factsOf(actorId));
      const senderFacts = once(() => (from.actor === actorId ? actorFacts() : factsOf(from.actor)));
      const domainFacts = once(async () => (await askDomains(domain)).get(domain) as DomainFacts);
      return {
        ...{ isTrusted, isDryRun, log: logger, atMs: nowMs() },
        actor: actorOf(subject),
        domain: {
          domain,
          state: (subject.state ?? 'active') as Told['domain']['state'],
          strikes: subject.strikes ?? 0,
        },
        from: { ...from, isForwarded: from.actor !== actorId },
        ours: subject.locals.map(({ id }) => id),
        get text() {
          return text();
        },
        get legible() {
          return legibleText();
        },
        get folded() {
          return foldedText();
        },
        get actorFacts() {
          return actorFacts();
        },
        get senderFacts() {
          return senderFacts();
        },
        get domainFacts() {
          return domainFacts();
        },
      };
    },
  };
}

/** Made when it is asked for, and kept. */
function once<Value>(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
