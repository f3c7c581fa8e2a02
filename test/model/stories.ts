/** Stories in batches from a seed, and how they went. */
import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import type { Place } from '../../benchmarks/kill/server-process.ts';
import { startFleet } from './fleet.ts';
import { type Divergence, gatherTroupe } from './play.ts';
import { nameOf, story } from './steps.ts';

export interface PlayOptions {
  readonly place: Place;
  readonly journal: string;
  readonly stories: number;
  readonly seed: number;
  readonly processes: number;
}

export interface Played {
  readonly seed: number;
  readonly stories: number;
  readonly posts: number;
  readonly kills: number;
  readonly divergences: readonly Divergence[];
}

/** Stories that are played at once, with one kill among them. */
const BATCH = 100;

export async function playStories({
  place,
  journal,
  stories,
  seed,
  processes,
}: PlayOptions): Promise<Played> {
  await using troupe = await gatherTroupe();
  await using fleet = await startFleet(place, journal, processes, seed);
  const all = fc.sample(story, { seed, numRuns: stories });
  const divergences: Divergence[] = [];
  for (let at = 0; at < all.length; at += BATCH) {
    const batch = all.slice(at, at + BATCH);
    fleet.killWithin(batch.length * 6);
    divergences.push(...(await troupe.play(fleet, batch)));
  }
  return { seed, stories: all.length, posts: troupe.posts, kills: fleet.kills, divergences };
}

export const lineOf = ({ seed, stories, posts, kills, divergences }: Played): string =>
  `${stories} stories, ${posts} activities, ${kills} kills, ${divergences.length} divergences (seed ${seed})`;

/** A story step by step, and in what it differs from the reference. */
export function show({ story: steps, expected, found }: Divergence): string {
  const differences = Object.keys(expected).flatMap((part) => {
    const [wanted, seen] = [expected, found].map((one) => one[part as keyof typeof one]) as Record<
      string,
      unknown
    >[];
    return [...new Set([...Object.keys(wanted ?? {}), ...Object.keys(seen ?? {})])]
      .filter((key) => !isDeepStrictEqual(wanted?.[key], seen?.[key]))
      .map(
        (key) =>
          `  ${part} ${key}: expected ${JSON.stringify(wanted?.[key])}, found ${JSON.stringify(seen?.[key])}`,
      );
  });
  return [...steps.map((step, at) => `  ${at} ${nameOf(step)}`), ...differences].join('\n');
}
