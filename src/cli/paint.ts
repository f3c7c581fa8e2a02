/** Colours on a terminal that wants them. */
import { styleText } from 'node:util';

type Style = Parameters<typeof styleText>[0];

/** States, and what else is told apart by its colour. */
const STYLES: Readonly<Record<string, Style>> = {
  active: 'green',
  accepted: 'green',
  processed: 'green',
  pending: 'yellow',
  'rate-limited': 'yellow',
  blocked: 'red',
  rejected: 'red',
  failed: 'red',
  withdrawn: 'gray',
  dim: 'gray',
  strong: 'bold',
};

/** The text in the colour of `what`. Plain where stdout is no terminal, or NO_COLOR says so. */
export function paint(text: string, what: string): string {
  const style = STYLES[what];
  const isWanted = process.stdout.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return style === undefined || !isWanted ? text : styleText(style, text, { validateStream: false });
}
