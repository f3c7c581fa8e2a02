/** Handlers alone: no HTTP, no database, no retries. What a handler throws is thrown to the test. */
import { domainOf } from '../activity.ts';
import type { Activity, Handler, HandlerContext } from '../api.ts';
import { SallyportError } from '../errors.ts';
import { viewOf } from '../handlers/view.ts';
import type { Logger } from '../options.ts';
import { understand } from '../verify/document.ts';

/** A handler as the test registered it. */
export interface Registered {
  readonly type: string;
  readonly handler: Handler<never>;
}

/** What the handlers decided while an activity was simulated. */
export interface Simulation {
  /** Handlers that were called. */
  readonly called: number;
  /** Follow requests that they accepted or rejected. Nothing was changed by it. */
  readonly decided: readonly { readonly followRequest: string; readonly verb: 'accept' | 'reject' }[];
  /** What they asked to be sent, and to whom. Nothing was sent. */
  readonly sent: readonly {
    readonly activity: Readonly<Record<string, unknown>>;
    readonly to: readonly string[];
  }[];
}

export interface SimulateParts {
  readonly origin: string;
  readonly logger: Logger;
  readonly nowMs: number;
  readonly handlers: readonly Registered[];
}

/** Calls the handlers of an activity's type, one after the other. `activity` is whole: it has a context and an id. */
export async function simulate(
  { origin, logger, nowMs, handlers }: SimulateParts,
  activity: Readonly<Record<string, unknown>>,
): Promise<Simulation> {
  const understood = await understand(activity);
  if ('problem' in understood) throw invalid(understood.problem);
  const { facts, normal } = understood;
  const view = await viewOf(
    {
      ...{ seq: 0, activityId: facts.id ?? '', type: facts.type, status: 'processed', inboxes: [] },
      ...{ domain: domainOf(facts.actor) ?? '', receivedMs: nowMs },
      ...{ raw: JSON.stringify(activity), normal: JSON.stringify(normal) },
    },
    origin,
  );
  const decided: { followRequest: string; verb: 'accept' | 'reject' }[] = [];
  const sent: Simulation['sent'][number][] = [];
  const context: HandlerContext = {
    ...{ recipient: null, attempt: 1, signal: new AbortController().signal, log: logger },
    followRequest: ({ id: followRequest }) => ({
      accept: async () => void decided.push({ followRequest, verb: 'accept' }),
      reject: async () => void decided.push({ followRequest, verb: 'reject' }),
    }),
    send: async (activity, to) => void sent.push({ activity, to: typeof to === 'string' ? [to] : to }),
    transaction: () => Promise.reject(withoutDatabase()),
  };
  const wanted = handlers.filter(({ type }) => type === '*' || type === view.type);
  for (const { handler } of wanted) await (handler as Handler<Activity>)(view, context);
  return { called: wanted.length, decided, sent };
}

function withoutDatabase(): SallyportError {
  return new SallyportError('ERR_INVALID', 'there is no database where a handler is only simulated', {
    hint: 'await box.receive(activity) and box.settled() instead',
  });
}

function invalid(problem: string): SallyportError {
  return new SallyportError('ERR_INVALID', `this is no activity: ${problem}`, {
    hint: 'fixtures.activity({ type, actor, object }) makes a whole one',
  });
}
