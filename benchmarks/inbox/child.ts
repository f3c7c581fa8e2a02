/** Processes of the benchmark's own: started, asked over IPC, and gone when the one that started them is. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

type Verbs = Readonly<Record<string, (argument: unknown) => unknown>>;

export interface Child<Ready> {
  readonly pid: number;
  readonly ready: Ready;
  ask<Answer>(verb: string, argument?: unknown): Promise<Answer>;
  stop(): Promise<void>;
}

const alive = new Set<ChildProcess>();

/** Keeps an eye on a process, so that `stopAll` ends it. */
export function watch(child: ChildProcess): void {
  alive.add(child);
  child.once('exit', () => alive.delete(child));
}

/** Ends every process that is still there. */
export function stopAll(): void {
  for (const child of alive) child.kill('SIGKILL');
}

/** Starts a module of this folder with its settings as the one argument, and waits until it says that it is ready. */
export async function startChild<Ready>(
  module: string,
  settings: unknown,
  execArgv: readonly string[] = [],
): Promise<Child<Ready>> {
  const child = fork(new URL(module, import.meta.url), [JSON.stringify(settings)], {
    execArgv: [...execArgv],
    env: { ...process.env, NODE_ENV: 'production' },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    serialization: 'advanced',
  });
  watch(child);
  const waiting = new Map<number, (answer: { value?: unknown; error?: string }) => void>();
  let asked = 0;
  const ready = await new Promise<Ready>((resolve, reject) => {
    child.once('exit', (code) => {
      reject(new Error(`${module} ended with ${code}`));
      for (const settle of waiting.values()) settle({ error: `${module} ended with ${code}` });
    });
    child.on('message', (message: { ready?: Ready; to?: number; value?: unknown; error?: string }) => {
      if (message.ready !== undefined) resolve(message.ready);
      if (message.to !== undefined) waiting.get(message.to)?.(message);
    });
  });
  return {
    pid: child.pid as number,
    ready,
    ask<Answer>(verb: string, argument?: unknown) {
      const number = ++asked;
      return new Promise<Answer>((resolve, reject) => {
        waiting.set(number, ({ value, error }) => {
          waiting.delete(number);
          if (error === undefined) resolve(value as Answer);
          else reject(new Error(`${module}, ${verb}: ${error}`));
        });
        child.send({ number, verb, argument });
      });
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const over = once(child, 'exit');
      child.disconnect();
      await over;
    },
  };
}

/** The child's side: answers what it is asked, and ends when nobody is left to ask. */
export function answerAsks(verbs: Verbs): void {
  process.on(
    'message',
    async ({ number, verb, argument }: { number: number; verb: string; argument: unknown }) => {
      try {
        process.send?.({ to: number, value: await verbs[verb]?.(argument) });
      } catch (error) {
        process.send?.({ to: number, error: String(error) });
      }
    },
  );
  process.once('disconnect', () => process.exit());
}
