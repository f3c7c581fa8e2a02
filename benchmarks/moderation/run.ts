/**
 * What moderation costs: the flood of a blocked domain, the gate by its rules, filters by the activity.
 *
 * `npm run bench:moderation -- --only gate --rounds 5`
 */
import { parseArgs } from 'node:util';
import { measureFilters } from './filters.ts';
import { measureFlood } from './flood.ts';
import { measureGate } from './gate.ts';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '20000' },
    rules: { type: 'string', default: '100000' },
  },
});
const [rounds, count, rules] = [values.rounds, values.requests, values.rules].map(Number) as [
  number,
  number,
  number,
];
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const isAsked = (part: string): boolean => values.only === undefined || values.only === part;

say(`Node ${process.version}`);
if (isAsked('gate')) measureGate(rules, rounds, say);
if (isAsked('filters')) await measureFilters(Number(values.rounds), say);
if (isAsked('flood')) await measureFlood({ rounds, count, rules }, say);
