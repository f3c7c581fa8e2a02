/** Which signatures count. Every request here is signed with the right key: what is refused is refused for its form. */
import { describe, expect, test } from 'vitest';
import { checkSignature, readSignature } from '../../src/verify/signature.ts';
import {
  digestOf,
  KEY_ID,
  type Made,
  NAMES,
  NOW_MS,
  type Parts,
  policy,
  signedRequest,
} from './signed-request.ts';

const check = ({ request }: Made, change: Partial<typeof policy> = {}) =>
  checkSignature(request, { ...policy, ...change });
const seconds = NOW_MS / 1_000;
const dated = (ms: number): string => new Date(ms).toUTCString();
const NEW_NAMES = ['(request-target)', 'host', '(created)', 'digest'];

describe('a signature counts', () => {
  const accepted: Record<string, Partial<Parts>> = {
    'with rsa-sha256': {},
    'with hs2019': { algorithm: 'hs2019' },
    'without an algorithm': { algorithm: null },
    'with (created) instead of a date': {
      algorithm: 'hs2019',
      date: null,
      created: seconds,
      names: NEW_NAMES,
    },
    'with (created) and (expires)': {
      algorithm: null,
      created: seconds - 10,
      expires: seconds + 10,
      names: [...NEW_NAMES, '(expires)', 'date'],
    },
    'with created and expires in quotes': {
      algorithm: 'hs2019',
      created: seconds,
      names: NEW_NAMES,
      tamper: (header) => header.replace(/created=(\d+)/, 'created="$1"'),
    },
    'with names in another order': { names: [...NAMES].reverse() },
    'with names in capitals, as the draft only advises against them': {
      headers: '(Request-Target) HOST Date digest',
    },
    'with the content type, too': { names: [...NAMES, 'content-type'] },
    'with spaces around its parameters': {
      tamper: (header) => header.replaceAll(',', ' , ').replace(/([a-z])="/gi, '$1 = "'),
    },
    'with parameters in another order': {
      algorithm: null,
      created: seconds,
      names: NEW_NAMES,
      tamper: (header) => header.split(',').reverse().join(','),
    },
    'with a parameter that nobody knows': { tamper: (header) => `${header},opaque="x"` },
    'with a query in the target': { target: '/inbox?page=1&x=%20' },
    'with two digests of which both are right': { more: [['Digest', digestOf('{"type":"Like"}')]] },
    'with another digest beside the SHA-256 one': { more: [['digest', 'MD5=AAAA']] },
    'with a digest name in small letters': { digest: digestOf('{"type":"Like"}').replace('SHA', 'sha') },
    'with a signed header that came in two lines': {
      more: [
        ['X-Trace', 'a'],
        ['x-trace', 'b'],
      ],
      names: [...NAMES, 'x-trace'],
    },
    'with a signed header that is empty': { more: [['x-empty', '']], names: [...NAMES, 'x-empty'] },
    'with bytes beyond ASCII in a signed header': {
      more: [['x-name', 'J\u00fcrgen']],
      names: [...NAMES, 'x-name'],
    },
    'over an empty body': { body: '' },
    'with a host name in capitals': { host: 'US.example' },
    'an hour old to the millisecond': { date: dated(NOW_MS - 3_600_000) },
    'five minutes from the future': { date: dated(NOW_MS + 300_000) },
    'in the second in which it expires': {
      expires: seconds,
      algorithm: 'hs2019',
      names: [...NAMES, '(expires)'],
    },
  };
  test.each(Object.entries(accepted))('%s', (_, change) => {
    expect(check(signedRequest(change))).toBeNull();
  });
});

describe('a signature is refused', () => {
  const tamper = (from: string | RegExp, to: string): Partial<Parts> => ({
    tamper: (header) => header.replace(from, to),
  });
  const refused: [name: string, change: Partial<Parts>, reason: string][] = [
    [
      'when the target is not signed',
      { names: ['host', 'date', 'digest'] },
      '(request-target) is not signed',
    ],
    ['when the host is not signed', { names: ['(request-target)', 'date', 'digest'] }, 'host is not signed'],
    [
      'when the digest is not signed',
      { names: ['(request-target)', 'host', 'date'] },
      'digest is not signed',
    ],
    [
      'when no time is signed',
      { names: ['(request-target)', 'host', 'digest'] },
      'neither date nor (created) is signed',
    ],
    [
      'when created is given and not signed',
      { created: seconds, names: ['(request-target)', 'host', 'digest'] },
      'neither date',
    ],
    [
      'when (created) is signed and not given',
      { names: [...NAMES, '(created)'], algorithm: null },
      'created is signed and not given',
    ],
    [
      'when (expires) is signed and not given',
      { names: [...NAMES, '(expires)'], algorithm: null },
      'expires is signed and not given',
    ],
    ['when (created) comes with rsa-sha256', { created: seconds, names: NEW_NAMES }, 'need hs2019'],
    [
      'when nothing is listed, which means the date',
      { tamper: (header) => header.replace(/headers="[^"]*",/, '') },
      '(request-target) is not signed',
    ],
    ['when it lists nothing', { headers: '' }, 'the headers parameter cannot be read'],
    [
      'when two spaces stand between names',
      { headers: NAMES.join('  ') },
      'the headers parameter cannot be read',
    ],
    ['when a name is listed twice', { names: [...NAMES, 'host'] }, 'a header is listed twice'],
    [
      'when a name is listed twice, once in capitals',
      { headers: `${NAMES.join(' ')} Host` },
      'a header is listed twice',
    ],
    ['when it signs itself', { names: [...NAMES, 'signature'] }, 'the signature cannot sign itself'],
    [
      'when it signs a header that did not come',
      { names: [...NAMES, 'x-none'] },
      'the signing string cannot be built',
    ],
    ...['(keyid)', '(algorithm)', '(opaque)', '(foo)', 'request-line:', '__proto__'].map(
      (name): [string, Partial<Parts>, string] => [
        `when it signs ${name}`,
        { names: [...NAMES, name] },
        'the headers parameter cannot be read',
      ],
    ),
    [
      'when it signs the request line of older drafts',
      { names: [...NAMES, 'request-line'] },
      'cannot be built',
    ],
    ['when it signs constructor', { names: [...NAMES, 'constructor'] }, 'cannot be built'],

    ...['rsa-sha1', 'hmac-sha256', 'ed25519', 'none', '', 'RSA-SHA256', 'rsa-constructor', 'rsa-sha512'].map(
      (algorithm): [string, Partial<Parts>, string] => [
        `with the algorithm "${algorithm}"`,
        { algorithm },
        'the algorithm is unknown',
      ],
    ),
    ['with SHA-1 under another name', { hash: 'sha1' }, 'the signature does not match'],
    [
      'with SHA-512 under the name hs2019',
      { hash: 'sha512', algorithm: 'hs2019' },
      'the signature does not match',
    ],

    ['with two keyIds', tamper(/^/, `keyId="${KEY_ID}",`), 'stands twice'],
    ['with two keyIds in two spellings', tamper(/^/, 'keyid="https://evil.example/k",'), 'stands twice'],
    ['with two signatures', tamper(/$/, ',signature="AAAA"'), 'stands twice'],
    ['with two lists of headers', tamper(/$/, ',headers="date"'), 'stands twice'],
    ['with two algorithms', tamper(/$/, ',algorithm="hs2019"'), 'stands twice'],
    [
      'with two times of creation',
      { ...tamper(/$/, `,created=${seconds}`), created: seconds, algorithm: null },
      'stands twice',
    ],
    ['without a keyId', tamper(/keyId="[^"]*",/, ''), 'the keyId is no URL'],
    ...[
      '',
      'ana',
      'acct:ana@remote.example',
      'data:text/plain,x',
      '/users/ana',
      'ftp://remote.example/k',
    ].map((keyId): [string, Partial<Parts>, string] => [
      `with the keyId "${keyId}"`,
      tamper(KEY_ID, keyId),
      'the keyId is no URL',
    ]),
    ['with a keyId that holds a tab', tamper('/users', '/\tusers'), 'the keyId holds white space'],
    ['with a keyId that holds a quote', tamper('/users', '/\\"users'), 'the Signature header cannot be read'],
    ['without a signature', tamper(/,signature="[^"]*"/, ''), 'the signature is not base64'],
    ['with an empty signature', tamper(/signature="[^"]*"/, 'signature=""'), 'the signature is not base64'],
    [
      'with a signature in base64url',
      tamper(/signature="[^"]*"/, 'signature="ab-_"'),
      'the signature is not base64',
    ],
    ['with a signature without padding', tamper('=="', '"'), 'the signature is not base64'],
    [
      'with a signature that has a space',
      tamper('signature="', 'signature=" '),
      'the signature is not base64',
    ],
    [
      'with a signature of another key',
      tamper(/signature="..../, 'signature="AAAA'),
      'the signature does not match',
    ],
    [
      'that is too short for the key',
      tamper(/signature="[^"]*"/, 'signature="AAAA"'),
      'the signature does not match',
    ],
    ['with a comma at the end', tamper(/$/, ','), 'ends in a comma'],
    ['with a comma at the end and a space', tamper(/$/, ', '), 'the Signature header ends in a comma'],
    ['with a comma at the start', tamper(/^/, ','), 'the Signature header cannot be read'],
    ['with two commas', tamper(',', ',,'), 'the Signature header cannot be read'],
    ['with a quote that never ends', tamper(/"$/, ''), 'the Signature header cannot be read'],
    [
      'with a parameter without quotes',
      tamper(/algorithm="([^"]*)"/, 'algorithm=$1'),
      'the Signature header cannot be read',
    ],
    ['that is a word', tamper(/.*/, 'Signature'), 'the Signature header cannot be read'],
    ['that is empty', tamper(/.*/, ''), 'the keyId is no URL'],
    ['in the form of RFC 9421', tamper(/.*/, 'sig1=:AAAA:'), 'the Signature header cannot be read'],
    ['with a scheme before it', tamper(/^/, 'Signature '), 'the Signature header cannot be read'],
    [
      'of five thousand characters',
      tamper(/$/, `,opaque="${'x'.repeat(5_000)}"`),
      'the Signature header is too long',
    ],
    ['with created as a word', { ...tamper(/$/, ',created="soon"') }, 'created or expires is no number'],
    ['with created below zero', { ...tamper(/$/, ',created=-1') }, 'the Signature header cannot be read'],
    ['with created as a fraction', { ...tamper(/$/, ',created=1.5') }, 'the Signature header cannot be read'],
    [
      'with created in 13 digits',
      { ...tamper(/$/, ',created=1000000000000') },
      'created or expires is no number',
    ],

    [
      'with an Authorization header beside it',
      { more: [['Authorization', 'Bearer x']] },
      'an Authorization header',
    ],
    [
      'with an Authorization header that is a signature, too',
      { more: [['authorization', `Signature keyId="${KEY_ID}"`]] },
      'an Authorization header',
    ],
    ['beside a Signature-Input', { more: [['Signature-Input', 'sig1=()']] }, 'no dictionary (RFC 9421)'],
    ['beside another one', { more: [['signature', 'x']] }, 'two signature headers'],
    ['with two Date lines', { more: [['date', dated(NOW_MS)]] }, 'two date headers'],
    ['with two Host lines', { more: [['HOST', 'us.example']] }, 'two host headers'],
    ['with two content types', { more: [['content-type', 'text/plain']] }, 'two content-type headers'],
    ['without a host', { host: null }, 'the request was signed for another host'],
    ['for another host', { host: 'other.example' }, 'the request was signed for another host'],
    ['for another port', { host: 'us.example:8443' }, 'the request was signed for another host'],
    ['for a host with a dot at the end', { host: 'us.example.' }, 'the request was signed for another host'],

    ['a second too old', { date: dated(NOW_MS - 3_601_000) }, 'the signature is too old'],
    ['a second too early', { date: dated(NOW_MS + 301_000) }, 'the signature is from the future'],
    [
      'with created a second too old',
      { algorithm: null, created: seconds - 3_601, names: NEW_NAMES },
      'too old',
    ],
    [
      'with created a second too early',
      { algorithm: null, created: seconds + 301, names: NEW_NAMES },
      'from the future',
    ],
    ['with a good date and an old created that is not signed', { created: seconds - 9_999 }, 'too old'],
    [
      'with a good created and an old date that is not signed',
      { algorithm: null, created: seconds, names: NEW_NAMES, date: dated(0) },
      'too old',
    ],
    [
      'when it expired a second ago',
      { algorithm: null, expires: seconds - 1, names: [...NAMES, '(expires)'] },
      'has expired',
    ],
    ['when it expired and that is not signed', { expires: seconds - 1 }, 'has expired'],
    ['without a date that it lists', { date: null }, 'the date cannot be read'],
    ...[
      'wrong date',
      '',
      '0',
      '2026-11-24T13:37:00Z',
      String(NOW_MS),
      'Tue, 24 Nov 2026 13:37:00',
      'Tue, 24 Nov 2026 13:37:00 UTC',
      'Tue, 24 Nov 2026 13:37:00 +0000',
      'Tuesday, 24-Nov-26 13:37:00 GMT',
      'Tue Nov 24 13:37:00 2026',
      'Mon, 24 Nov 2026 13:37:00 GMT',
      'Tue, 24 nov 2026 13:37:00 GMT',
      'Tue, 31 Nov 2026 13:37:00 GMT',
      'Tue, 24 Nov 2026 25:37:00 GMT',
      'Tue, 24 Nov 2026 13:37:60 GMT',
      ' Tue, 24 Nov 2026 13:37:00 GMT GMT',
      'Tue, 24 Nov 2026 13:37:00 GMT, Tue, 24 Nov 2026 13:37:00 GMT',
    ].map((date): [string, Partial<Parts>, string] => [
      `with the date "${date}"`,
      { date },
      'the date cannot be read',
    ]),

    ['with the digest of another body', { digest: digestOf('x') }, 'the digest is not that of the body'],
    [
      'with two digests, one of them wrong',
      { more: [['digest', digestOf('x')]] },
      'the digest is not that of the body',
    ],
    [
      'with two digests in one line, the first one wrong',
      { digest: `${digestOf('x')},${digestOf('{"type":"Like"}')}` },
      'not that of the body',
    ],
    ['without a digest', { digest: null }, 'the digest cannot be read'],
    ['with an empty digest', { digest: ' ' }, 'the digest cannot be read'],
    [
      'with a digest in hexadecimal',
      { digest: `SHA-256=${'ab'.repeat(32)}` },
      'the digest is not that of the body',
    ],
    ['with SHA-512 only', { digest: 'SHA-512=AAAA' }, 'no sha-256 digest'],
    ['with a digest and a comma', { digest: `${digestOf('{"type":"Like"}')},` }, 'the digest cannot be read'],

    ['for an absolute target', { target: 'https://us.example/inbox' }, 'the target is not a path'],
    ['for no target', { target: '' }, 'the target is not a path'],
    ['for the target *', { target: '*' }, 'the target is not a path'],
    ['for a target with a space', { target: '/inbox HTTP/1.1' }, 'the target is not a path'],
    ['for a target of two lines', { target: '/inbox\nhost: us.example' }, 'the target is not a path'],
    [
      'with a header of two lines',
      { more: [['x-a', 'b\nc: d']], names: [...NAMES, 'x-a'] },
      'the signing string cannot be built',
    ],
    [
      'with a header of wide characters',
      { more: [['x-a', '\u0140']], names: [...NAMES, 'x-a'] },
      'the signing string cannot be built',
    ],
  ];
  test.each(refused)('%s', (_, change, reason) => {
    const bad = check(signedRequest(change));
    expect(bad?.reason).toContain(reason);
    expect(bad?.isWrong).toBe(reason === 'the signature does not match');
  });

  test('when there is none', () => {
    const { request } = signedRequest();
    const rawHeaders = request.rawHeaders.slice(0, -2);
    expect(checkSignature({ ...request, rawHeaders }, policy)?.reason).toBe('no Signature header');
    expect(readSignature(rawHeaders)).toEqual({ problem: 'no Signature header' });
  });

  test('when http-signature would look into a header called "undefined" for what was signed', () => {
    // Somebody once signed nothing but a date, for another purpose. The outer header lists all that must be listed.
    const dateOnly = signedRequest({ names: ['date'] });
    const inner = dateOnly.request.rawHeaders.at(-1) as string;
    const stolen = /signature="([^"]*)"/.exec(inner)?.[1] as string;
    const forged = signedRequest({
      body: '{"type":"Delete"}',
      more: [['undefined', `Signature ${inner}`]],
      names: [...NAMES, 'undefined'],
      tamper: (header) => header.replace(/signature="[^"]*"/, `signature="${stolen}"`),
    });
    expect(check(forged)?.reason).toBe('the signature does not match');
  });

  test('after a captured request was sent to another inbox, with another method, to another host', () => {
    const { request } = signedRequest();
    for (const change of [{ target: '/users/eve/inbox' }, { method: 'PUT' }])
      expect(checkSignature({ ...request, ...change }, policy)?.isWrong).toBe(true);
    expect(checkSignature(request, { ...policy, host: 'other.example' })?.reason).toContain('another host');
  });
});
