/** Addresses that a stranger must not make us connect to: each URL everywhere where one can be put. */
import type { DatabaseKind } from '../../databases.ts';
import { rsaKey } from '../../fediverse/index.ts';
import { activityOf, openStage, type Stage } from '../attack.ts';
import { guarded, refuseForms } from '../attacks/fetch-address.ts';
import { DYNAMIC } from '../attacks/fetch-dynamic.ts';
import { watchConnections } from '../connections.ts';
import { bytesOf, isPresent } from '../material.ts';
import type { Counted } from '../table.ts';
import { openWorld } from '../world.ts';

interface Forms {
  readonly static: readonly { readonly url: string; readonly why: string }[];
  readonly dynamic: readonly { readonly id: string }[];
}
const PART = 'vectors/ssrf.json';
const ABSENT: Counted = { passed: 0, total: 0, failures: [], skipped: 'not found' };
const forms = (): Forms => JSON.parse(Buffer.from(bytesOf(PART)).toString());
const failureOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, 300);

/** With the settings that are shipped every name leads to loopback, and still nobody is connected to. */
async function underShippedSettings(stage: Stage, url: string): Promise<void> {
  using connections = watchConnections();
  const { privateKey } = await rsaKey();
  const keyId = Buffer.from(`${url}#main-key`).toString('latin1');
  stage.expect(
    await stage.post(activityOf({ id: 'https://a.example/u' }, 'Like'), { keyId, privateKey }),
    401,
  );
  const elsewhere = connections.elsewhere(stage.world.served.address);
  if (elsewhere.length > 0) throw new Error(`connections to ${elsewhere.join(', ')}`);
}

export async function ssrfForms(kind: DatabaseKind): Promise<Counted> {
  if (!isPresent(PART)) return ABSENT;
  const failures: string[] = [];
  const list = forms().static;
  const policy = { resolve: async () => [{ address: '127.0.0.1', family: 4 }] };
  {
    await using shipped = await openWorld(kind, {
      options: { allowPrivateAddress: false },
      policy: () => policy,
    });
    const stage = openStage(shipped);
    // Without its own rules the way out takes those of the settings.
    for (const { url, why } of list)
      await underShippedSettings(stage, url).catch((error) =>
        failures.push(`${url} (${why}): ${failureOf(error)}`),
      );
  }
  await using open = await openWorld(kind, guarded);
  const stage = openStage(open);
  // A port is refused by the shipped settings alone: the neighbours have no other.
  const anywhere = list.filter(({ url }) => !/^https:\/\/[^/]*\.example:\d+\/$/.test(url));
  for (const { url, why } of anywhere)
    await refuseForms(stage, [url]).catch((error) => failures.push(`${url} (${why}): ${failureOf(error)}`));
  const failed = new Set(failures.map((line) => line.split(' ')[0]));
  return { passed: list.length - failed.size, total: list.length, failures };
}

export async function ssrfDynamic(kind: DatabaseKind): Promise<Counted> {
  if (!isPresent(PART)) return ABSENT;
  const failures: string[] = [];
  const list = forms().dynamic;
  await using world = await openWorld(kind, guarded);
  for (const { id } of list) {
    const play = DYNAMIC[id];
    if (play === undefined) failures.push(`${id}: nobody plays it`);
    else await play(openStage(world)).catch((error) => failures.push(`${id}: ${failureOf(error)}`));
  }
  return { passed: list.length - failures.length, total: list.length, failures };
}
