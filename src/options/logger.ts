/** The logger for who brings none. */
import type { Logger } from './shape.ts';

/** Warnings and errors as JSON lines on stderr. */
export const stderrLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: (message, facts) =>
    void process.stderr.write(`${JSON.stringify({ level: 'warn', message, ...facts })}\n`),
  error: (message, facts) =>
    void process.stderr.write(`${JSON.stringify({ level: 'error', message, ...facts })}\n`),
};
