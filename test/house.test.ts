/**
 * The rules of the house, as data and a handful of assertions over every file of `src` and `machines`. A failure
 * names the offending arrow or line. The table here and the one in ARCHITECTURE.md are compared with each other.
 */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';

const ground = 'activity errors options api verdict machines';
/** room: what it may know besides itself. The floors follow from it: a room stands above all that it knows. */
const ROOMS: Record<string, string> = {
  machines: '',
  activity: '',
  verdict: 'options',
  errors: '',
  options: 'activity errors',
  api: 'machines activity options verdict',
  effects: 'machines api',
  policy: 'activity api',
  verify: 'activity verdict errors options',
  store: 'machines activity verdict errors options api effects policy',
  remote: 'activity errors options',
  mailbox: '',
  lists: 'activity errors api',
  events: 'api errors options',
  activities: 'machines activity verdict api effects',
  locals: 'activity errors options api store',
  gate: 'policy verdict',
  keys: 'activity verdict errors options api store remote verify',
  origins: 'activity store keys',
  references: 'activities activity verdict errors options api verify store remote locals keys gate',
  intake: 'machines activity verdict errors options api store',
  turn: 'machines activity verdict errors options api effects policy store mailbox activities events',
  log: 'errors options api store events',
  rollups: 'errors options store',
  alerts: 'api errors options remote store',
  retention: 'api errors options store',
  handlers: 'activity verdict errors options api verify store mailbox references',
  filters: 'activity verdict errors options api verify store remote mailbox handlers references',
  deliveries: 'activity errors options api store remote verify locals events',
  moderation:
    'machines activity verdict errors options api effects policy verify store activities locals lists',
  subscriptions: 'activity errors options api store remote lists moderation',
  web: 'activity verdict errors options api store locals events lists',
  house: 'every room below',
  inbox: 'activity verdict api verify gate keys house',
  embed:
    'verdict errors options api store events log filters handlers moderation subscriptions web house inbox references',
  admin: 'machines activity verdict errors options api policy moderation embed lists',
  testing: 'activity verdict errors options api verify store remote handlers house embed',
  index: 'verdict errors options api embed',
  cli: `verify web embed admin ${ground}`,
  launch: '',
};

/** package: the one file or folder by which it enters. */
const DOORS: Record<string, string[]> = {
  xstate: ['machines/'],
  piscina: ['src/verify/pool.ts'],
  jsonld: ['src/verify/document.ts', 'src/verify/linked-data-signature.ts'],
  'http-signature': ['src/verify/cavage.ts'],
  '@mikro-orm/*': ['src/store/'],
  kysely: ['src/store/'],
  'prom-client': ['src/events.ts'],
  re2js: ['src/options/filters/pattern.ts'],
  nodemailer: ['src/alerts/mail.ts'],
  'csv-parse': ['src/lists/csv.ts'],
  'csv-stringify': ['src/lists/writing.ts'],
  'lru-cache': [
    'src/keys.ts',
    'src/origins.ts',
    'src/locals.ts',
    'src/remote/knock.ts',
    'src/verify/key.ts',
    'src/verify/pool.ts',
    'src/verify/walker/terms.ts',
  ],
};

const LINES_MAX = 400;
const BANNED_FILES = /^(utils?|helpers?|common|misc|types?|lib|interfaces?|shared)$/;
/** The one place that asks the database what time it is. */
const CLOCK = 'src/store/store.ts';
const BANNED_NAMES = /\b(?:class|interface|type|const|function) (\w+(?:Manager|Service|Impl))\b/g;

const root = path.resolve(import.meta.dirname, '..');
const read = (file: string): string => readFileSync(path.join(root, file), 'utf8');
const filesUnder = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(ts|js)$/.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
const house = [...filesUnder('src'), ...filesUnder('machines')];
const sources = house.map((file) => ({ file, text: read(file), imports: importsOf(file, read(file)) }));

/** The room of a file: the first path element under `src`, without its extension. */
function roomOf(file: string): string {
  const [first = '', second = ''] = file.split('/');
  return first === 'src' ? second.replace(/\.ts$/, '') : first;
}

/** Every import and re-export, type-only ones too: files relative to the root, packages by name. */
function importsOf(file: string, text: string): { specifier: string; target: string | null }[] {
  const found = text.matchAll(
    /(?:^|\n)\s*(?:import|export)\b[^;'"]*?from\s*'([^']+)'|\bimport\(\s*'([^']+)'|^import '([^']+)'/gm,
  );
  return [...found].map(([, a, b, c]) => {
    const specifier = (a ?? b ?? c) as string;
    return { specifier, target: specifier.startsWith('.') ? path.join(path.dirname(file), specifier) : null };
  });
}

/** The rows of the markdown table whose head starts with these cells; cells without their backticks. */
function tableIn(markdown: string, head: string): string[][] {
  const lines = markdown.slice(markdown.indexOf(`| ${head} |`)).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(2, end).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.replaceAll('`', '').trim()),
  );
}
const words = (text: string): string[] =>
  text
    .split(/[ ,]+/)
    .filter((word) => word !== '' && word !== 'nothing')
    .sort();

describe('the house', () => {
  const architecture = read('ARCHITECTURE.md');

  test('has the rooms that ARCHITECTURE.md names, and they know what it says', () => {
    const table = tableIn(architecture, 'floor | room | what lives there | may know');
    expect(Object.fromEntries(table.map((row) => [row[1], words(row[3] as string)]))).toEqual(
      Object.fromEntries(Object.entries(ROOMS).map(([room, known]) => [room, words(known)])),
    );
    // A room knows only rooms on a lower floor, or on its own among the ground and the work floors.
    const floors = new Map(table.map((row) => [row[1], Number(row[0])]));
    const upwards = Object.entries(ROOMS).flatMap(([room, known]) =>
      words(known)
        .filter((other) => (floors.get(other) ?? 0) > (floors.get(room) ?? 0))
        .map((other) => `${room} -> ${other}`),
    );
    expect(upwards).toEqual([]);
  });

  test('gives every file a room', () => {
    expect(house.filter((file) => !(roomOf(file) in ROOMS) && !file.endsWith('.json'))).toEqual([]);
  });

  test('lets a file import its own room and the rooms its line allows', () => {
    const arrows = sources.flatMap(({ file, imports }) => {
      const room = roomOf(file);
      const allowed = ROOMS[room] === 'every room below' ? null : words(ROOMS[room] ?? '');
      const above = ['inbox', 'embed', 'admin', 'testing', 'index', 'cli', 'launch'];
      return imports
        .filter(({ target }) => target !== null && roomOf(target) !== room)
        .filter(({ target }) => {
          const other = roomOf(target as string);
          return allowed === null ? above.includes(other) : !allowed.includes(other);
        })
        .map(({ specifier }) => `${file} -> ${specifier}`);
    });
    expect(arrows).toEqual([]);
  });

  test('lets each package in by its door', () => {
    const table = tableIn(architecture, 'package | door').flatMap(
      ([packages = '', doors = '']): [string, string[]][] => {
        const names = words(packages);
        const places = doors.split(/, */);
        // One door for each package of the row, in order, or all doors for all of them.
        return names.length === places.length && names.length > 1
          ? packages.split(/, */).map((name, at) => [name, [places[at] ?? '']])
          : names.map((name) => [name, places.map((place) => place.replace(/^machines$/, 'machines/'))]);
      },
    );
    expect(Object.fromEntries(table)).toEqual(DOORS);
    const doorOf = (specifier: string): string[] => {
      const [scope = '', name = ''] = specifier.split('/');
      return (
        DOORS[specifier] ??
        DOORS[scope.startsWith('@') ? `${scope}/${name}` : scope] ??
        DOORS[`${scope}/*`] ??
        []
      );
    };
    const strangers = sources.flatMap(({ file, imports }) =>
      imports
        .filter(({ specifier, target }) => target === null && !specifier.startsWith('node:'))
        .filter(
          ({ specifier }) =>
            !doorOf(specifier).some((door) => file === door || (door.endsWith('/') && file.startsWith(door))),
        )
        .map(({ specifier }) => `${file} -> ${specifier}`),
    );
    expect(strangers).toEqual([]);
  });

  test('has no import cycle', () => {
    const cycles: string[] = [];
    const done = new Set<string>();
    const walk = (file: string, trail: string[]): void => {
      if (trail.includes(file))
        return void cycles.push([...trail.slice(trail.indexOf(file)), file].join(' -> '));
      if (done.has(file)) return;
      for (const { target } of sources.find((source) => source.file === file)?.imports ?? []) {
        if (target !== null) walk(target, [...trail, file]);
      }
      done.add(file);
    };
    for (const { file } of sources) walk(file, []);
    expect(cycles).toEqual([]);
  });

  test('keeps files short and names plain', () => {
    const everything = [...house, ...filesUnder('test'), ...filesUnder('benchmarks')];
    const texts = everything.map((file) => ({ file, text: read(file) }));
    expect(texts.filter(({ text }) => text.split('\n').length > LINES_MAX).map(({ file }) => file)).toEqual(
      [],
    );
    expect(everything.filter((file) => BANNED_FILES.test(path.basename(file).replace(/\..*$/, '')))).toEqual(
      [],
    );
    expect(
      texts.flatMap(({ file, text }) =>
        [...text.matchAll(BANNED_NAMES)].map(([, name]) => `${file}: ${name}`),
      ),
    ).toEqual([]);
  });

  test('binds time instead of asking the database for it in a statement', () => {
    const asks = sources.flatMap(({ file, text }) =>
      [
        ...withoutComments(text).matchAll(
          /(?<![.\w])now\(\)(?!\s*[:{])|current_timestamp|localtimestamp|transaction_timestamp|clock_timestamp/gi,
        ),
      ]
        .filter(([hit]) => !(hit === 'clock_timestamp' && file === CLOCK))
        .map(([hit]) => `${file}: ${hit}`),
    );
    expect(asks).toEqual([]);
  });

  test('cites sections that FEDERATION.md lists, and lists none that nobody cites', () => {
    const listed = new Map(
      tableIn(read('FEDERATION.md'), 'specification | sections').map(([name = '', sections = '']) => [
        name.replace(/ \(.*/, ''),
        [...sections.matchAll(/(?:^|, )([A-Z]?[\d.]+)/g)].map(([, section]) => section as string),
      ]),
    );
    const cited = sources.flatMap(({ file, text }) =>
      [
        ...text.matchAll(
          /\b(RFC \d{4}|ActivityPub|draft-cavage|FEP-[0-9a-f]{4})(?: ([A-Z]?\d+(?:\.\d+)*)(?=[,.;:)\s]))?/g,
        ),
      ].map(([, name = '', section]) => ({ file, name, section })),
    );
    const unknown = cited.filter(
      ({ name, section }) =>
        !(listed.get(name)?.includes(section ?? '') ?? section === undefined) && section !== undefined,
    );
    expect(unknown.map(({ file, name, section }) => `${file}: ${name} ${section}`)).toEqual([]);
    const documents = cited.filter(({ name }) => !listed.has(name));
    expect([...new Set(documents.map(({ file, name }) => `${file}: ${name}`))]).toEqual([]);
    const idle = [...listed].flatMap(([name, sections]) =>
      sections
        .filter(
          (section) => !cited.some((citation) => citation.name === name && citation.section === section),
        )
        .map((section) => `${name} ${section}`),
    );
    expect(idle).toEqual([]);
  });

  test('commits no path of a machine and no host of a registry', () => {
    const committed = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], {
      cwd: root,
      encoding: 'utf8',
    })
      .trim()
      .split('\n');
    const machine = new RegExp(['/work', '/main|/home/\\w+|registry\\.', 'npmjs|/Users/[a-z]+/'].join(''));
    expect(committed.filter((file) => machine.test(read(file)))).toEqual([]);
  });

  test('is tested on the Node that it is pinned to', () => {
    expect(process.version).toBe(`v${JSON.parse(read('package.json')).devDependencies.node}`);
  });
});

/** Source without its comments, strings left alone: enough for a search. */
function withoutComments(text: string): string {
  return text
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/^\s*\/\/.*$/gm, '')
    .replace(/\s\/\/ .*$/gm, '');
}
