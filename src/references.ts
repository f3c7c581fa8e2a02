/**
 * References: what an activity points to. A reference is read without network; `get` gives what is stored here, and only
 * `resolve` (`references/resolve.ts`) ever asks another server.
 */
import type { LocalActor, Ref, StoredKind, StoredViews } from './api.ts';
import type { Locals } from './locals.ts';
import {
  localActorView,
  objectViewOf,
  placeOf,
  remoteActorView,
  type Shelf,
  viewOf,
} from './references/view.ts';
import { remoteActor } from './store/actors.ts';
import { knownAmong, storedActivity, storedObject } from './store/references.ts';
import type { Store } from './store/store.ts';

export interface References extends Shelf {
  /** A reference, with whether something is stored of it. */
  ref(uri: string): Promise<Ref>;
  /** What is stored of this kind under a URI; undefined when nothing is. */
  lookup<Kind extends StoredKind>(kind: Kind, uri: string): Promise<StoredViews[Kind] | undefined>;
}

export interface ReferencesParts {
  readonly store: Store;
  readonly locals: Pick<Locals, 'byId'>;
  readonly origin: string;
  /** Are media of this domain's actors rejected? @default of nobody's */
  rejectsMedia?(domain: string): boolean;
}

/** In the order in which something is looked for by its URI alone. */
const KINDS = ['object', 'actor', 'activity'] as const;
/** Ids of our form that one look asks the service about: a stranger may name thousands, and each is a question to it. */
const ASKED_MAX = 200;

export function createReferences(parts: ReferencesParts): References {
  const { store, locals, origin, rejectsMedia = () => false } = parts;
  const localActor = (uri: string): Promise<LocalActor | null> =>
    placeOf(uri, origin).isLocal ? locals.byId(uri) : Promise.resolve(null);

  const finders: { readonly [Kind in StoredKind]: (uri: string) => Promise<StoredViews[Kind] | undefined> } =
    {
      async actor(uri) {
        const local = await localActor(uri);
        if (local !== null) return localActorView(local, origin);
        const remote = await remoteActor(store, uri);
        return remote === null ? undefined : remoteActorView(remote, origin);
      },
      async object(uri) {
        const stored = await storedObject(store, uri);
        return stored === undefined ? undefined : objectViewOf(stored, references);
      },
      async activity(uri) {
        const stored = await storedActivity(store, uri);
        return stored === undefined ? undefined : viewOf(stored, references);
      },
    };

  async function find(uri: string, kinds: readonly StoredKind[]) {
    for (const kind of kinds) {
      const found = await finders[kind](uri);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  const references: References = {
    origin,
    rejectsMedia,
    async knownAmong(uris) {
      const known = new Set(await knownAmong(store, uris));
      const asked = uris.filter((uri) => !known.has(uri) && placeOf(uri, origin).isLocal);
      for (const uri of asked.slice(0, ASKED_MAX)) if ((await localActor(uri)) !== null) known.add(uri);
      return known;
    },
    isOurActor: async (uri) => (await localActor(uri)) !== null,
    refTo: (uri, isResolved) => ({
      ...placeOf(uri, origin),
      isResolved,
      get: (async (kind?: StoredKind) => find(uri, kind === undefined ? KINDS : [kind])) as Ref['get'],
    }),
    async ref(uri) {
      return references.refTo(uri, (await references.knownAmong([uri])).has(uri));
    },
    lookup: async (kind, uri) => finders[kind](uri),
  };
  return references;
}
