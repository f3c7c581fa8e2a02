/** `sallyport start`: the runtime as a server. */
import { DONE, readArgs, take, type Verb } from './verb.ts';

const OPTIONS = { demo: { type: 'boolean' } } as const;

export const start: Verb = {
  summary: 'run the server; --demo adds a simulated Fediverse',
  help: `Usage: sallyport start [--demo]

Runs the inbox as a server until SIGTERM or SIGINT, then drains and ends.

  --demo     with a simulated Fediverse knocking at the door, and a live log of what happens
  --no-demo  without

The environment:
  SALLYPORT_ORIGIN        public origin, such as https://social.example
                          (http://localhost: and the port)
  SALLYPORT_LISTEN        host:port; port 0 picks a free one (127.0.0.1:4680)
  DATABASE_URL            postgres://…; absent: embedded PGlite
  SALLYPORT_DATA          directory of the embedded database and of run.json (.sallyport)
  SALLYPORT_ACTORS        local actors to make if absent: alice,bob,carol:locked
  SALLYPORT_ADMIN_TOKEN   bearer token of the admin API (a new one at each start, on stderr)
  SALLYPORT_MODERATORS    people with their own: maria:moderator:TOKEN,… (viewer, moderator, admin)
  SALLYPORT_ADMIN_LISTEN  host:port of its own for the admin API and the metrics
  SALLYPORT_TRUSTED_PROXIES, SALLYPORT_WORKERS, SALLYPORT_RATE_LIMIT (36000/1h),
  SALLYPORT_ACTOR_RATE_LIMIT, SALLYPORT_PUBLIC_BLOCKLIST, SALLYPORT_ALLOW_PRIVATE_ADDRESS,
  SALLYPORT_CONFIG
  What each means stands in the README.`,
  async run(args) {
    const { values, positionals } = readArgs(args, OPTIONS);
    take(positionals, []);
    // Loaded only here: the other verbs need nothing of the runtime.
    if (values.demo === true) {
      const { runDemo } = await import('./demo/demo.ts');
      return runDemo();
    }
    const { readConfiguration } = await import('./configuration.ts');
    const { runServer } = await import('./server.ts');
    const configuration = await readConfiguration(process.env, process.cwd());
    await (await runServer(configuration))?.ended;
    return DONE;
  },
};
