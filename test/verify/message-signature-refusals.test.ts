/** Which message signatures are refused, and for what. All but a few are signed with the right key. */
import { describe, expect, test } from 'vitest';
import { checkSignature } from '../../src/verify/signature.ts';
import {
  ahead,
  beside,
  COVERED,
  type MessageParts,
  sha256Of,
  sha512Of,
  signedMessage,
} from './signed-message.ts';
import { KEY_ID, NOW_MS, policy } from './signed-request.ts';

const body = '{"type":"Like"}';
const seconds = NOW_MS / 1_000;
const without = (name: string): Partial<MessageParts> => ({
  covered: COVERED.filter((other) => other !== name),
});
const covering = (name: string, more: MessageParts['more'] = []): Partial<MessageParts> => ({
  covered: [...COVERED, name],
  more,
});
const WRONG = 'the signature does not match';
const UNREADABLE = 'the Signature-Input header cannot be read';

const refused: [name: string, change: Partial<MessageParts>, reason: string][] = [
  ['when the method is not covered', without('@method'), '@method is not covered'],
  ['when the target is not covered', without('@target-uri'), 'the target is not covered'],
  [
    'when only the path is covered',
    { covered: ['@method', '@path', 'content-digest'] },
    'the target is not covered',
  ],
  [
    'when only the authority is covered',
    { covered: ['@method', '@authority', 'content-digest'] },
    'the target is not covered',
  ],
  [
    'when there is a query and it is not covered',
    { covered: ['@method', '@authority', '@path', 'content-digest'], target: '/inbox?a' },
    'the target is not covered',
  ],
  [
    'when only a parameter of the query is covered',
    {
      covered: ['@method', '@authority', '@path', '@query-param;name="a"', 'content-digest'],
      target: '/inbox?a=1',
    },
    'the target is not covered',
  ],
  ['when the digest is not covered', without('content-digest'), 'content-digest is not covered'],
  [
    'when the digest of a GET with a body is not covered',
    { ...without('content-digest'), method: 'GET' },
    'content-digest is not covered',
  ],
  [
    'when the digest of a PUT without a body is not covered',
    { ...without('content-digest'), method: 'PUT', body: '' },
    'content-digest is not covered',
  ],
  ['when it covers nothing', { covered: [] }, '@method is not covered'],
  ['when created is not given', { created: null }, 'created is not given as a number'],
  ['when created is a text', { created: `"${seconds}"` }, 'created is not given as a number'],
  ['when created is a fraction', { created: `${seconds}.0` }, 'created is not given as a number'],
  ['when expires is a text', { parameters: ';expires="1"' }, 'expires is no number'],
  ['when the nonce is a number', { parameters: ';nonce=1' }, 'the nonce is no text'],
  ['an hour and a second old', { created: String(seconds - 3_601) }, 'the signature is too old'],
  ['from before 1970', { created: '-1' }, 'the signature is too old'],
  ['301 seconds from the future', { created: String(seconds + 301) }, 'the signature is from the future'],
  ['after it has expired', { parameters: `;expires=${seconds - 1}` }, 'the signature has expired'],
  [
    'with a date that is stale',
    { more: [['Date', new Date(NOW_MS - 3_601_000).toUTCString()]] },
    'the signature is too old',
  ],
  ['with a date that is none', { more: [['Date', 'yesterday']] }, 'the date cannot be read'],
  ['without a digest', { digest: null }, 'no content digest'],
  [
    'with the digest of another body',
    { digest: sha256Of('other') },
    'the content digest is not that of the body',
  ],
  [
    'with two digests of which the second is wrong',
    { digest: `${sha256Of(body)}, ${sha512Of('other')}` },
    'the content digest is not that of the body',
  ],
  [
    'with two digests of which the first is wrong',
    { digest: `${sha256Of('other')}, ${sha512Of(body)}` },
    'the content digest is not that of the body',
  ],
  [
    'with the same digest twice',
    { digest: `${sha256Of('other')}, ${sha256Of(body)}` },
    'the content digest cannot be read',
  ],
  [
    'with a digest in two lines that say different things',
    { more: [['Content-Digest', sha256Of('other')]] },
    'the content digest cannot be read',
  ],
  [
    'with a digest in capitals',
    { digest: sha256Of(body).replace('sha', 'SHA') },
    'the content digest cannot be read',
  ],
  ['with a digest that is cut', { digest: sha256Of(body).slice(0, -9).concat(':') }, 'the content digest'],
  ['with a digest that is a text', { digest: 'sha-256="AAAA"' }, 'the content digest cannot be read'],
  ['with a digest that is a list', { digest: 'sha-256=(:AAAA:)' }, 'the content digest cannot be read'],
  ['with no digest that we can compute', { digest: 'md5=:AAAA:' }, 'no sha-256 or sha-512 content digest'],
  [
    'with a digest named like a method of all objects',
    { digest: 'constructor=:AAAA:' },
    'no sha-256 or sha-512 content digest',
  ],
  ['that was made for another server', { origin: 'https://other.example' }, WRONG],
  ['that was made for another scheme', { origin: 'http://us.example' }, WRONG],
  ['with a component twice', covering('@method'), 'the component @method stands twice'],
  ['with a header that did not come', covering('x-lost'), 'a component that is covered has no value'],
  [
    'with a header that holds a line of its own',
    covering('x-trace', [['X-Trace', 'a\n"x-admin": yes']]),
    'a component that is covered has no value',
  ],
  ['with a component that nobody knows', covering('@sender'), 'the component @sender is unknown'],
  ['with the status, which belongs to answers', covering('@status'), 'the component @status is unknown'],
  [
    'that covers its own parameters',
    covering('@signature-params'),
    'the component @signature-params is unknown',
  ],
  ['that covers itself', covering('signature'), 'the signature cannot sign itself'],
  ['that covers its input', covering('signature-input'), 'the signature cannot sign itself'],
  ['with a header in capitals', covering('Content-Type'), 'the component Content-Type is unknown'],
  ['with an empty name', covering(''), 'the component  is unknown'],
  [
    'with a parameter of the query without its name',
    covering('@query-param'),
    'the component @query-param is unknown',
  ],
  [
    'with a parameter of the query that stands twice',
    { ...covering('@query-param;name="a"'), target: '/inbox?a=1&a=2' },
    'a component that is covered has no value',
  ],
  [
    'with a parameter of the query that is not there',
    { ...covering('@query-param;name="b"'), target: '/inbox?a=1' },
    'a component that is covered has no value',
  ],
  ...['sf', 'bs', 'key="sha-256"', 'req', 'tr', 'x'].map(
    (parameter): [string, Partial<MessageParts>, string] => [
      `with a header component and ;${parameter}`,
      { covered: ['@method', '@target-uri', `content-digest;${parameter}`] },
      'the component content-digest has parameters',
    ],
  ),
  [
    'with the method of another request',
    { covered: ['@method;req', '@target-uri', 'content-digest'] },
    'the component @method has parameters',
  ],
  ['with components that are tokens', { list: '(method)' }, 'a component is no text'],
  ['with a list that is not one', { list: '"@method"' }, 'sig1 lists no components'],
  ['without a key id', { keyId: null }, 'no signature with a URL as keyid'],
  ['with a key id that is no URL', { keyId: 'key-1' }, 'no signature with a URL as keyid'],
  ['with a key id that is an acct', { keyId: 'acct:bob@remote.example' }, 'no signature with a URL as keyid'],
  [
    'with white space in its key id',
    { keyId: 'https://remote.example/a b' },
    'no signature with a URL as keyid',
  ],
  [
    'with a key id that is a token',
    { keyId: null, parameters: ';keyid=https://a' },
    'no signature with a URL',
  ],
  ['with a shared secret', { parameters: ';alg="hmac-sha256"' }, 'and an alg that is known here'],
  ['with an algorithm that is a token', { parameters: ';alg=ed25519' }, 'and an alg that is known here'],
  ['with SHA-1', { parameters: ';alg="rsa-sha1"' }, 'and an alg that is known here'],
  ['with a parameter twice', { parameters: `;created=${seconds}` }, UNREADABLE],
  ['with two key ids', { parameters: ';keyid="https://evil.example/k"' }, UNREADABLE],
  [
    'with the same label twice',
    { tamperInput: (input) => `${input}, ${input}`, tamper: (first) => first },
    UNREADABLE,
  ],
  ['with its bytes twice', { tamper: (first) => `${first}, ${first}` }, 'no dictionary'],
  ['without the bytes for a label', { tamperInput: (input) => `${input}, b=()` }, 'name other labels'],
  ['with bytes for no label', { tamper: (first) => `${first}, b=:AAAA:` }, 'name other labels'],
  ['under two different labels', { tamper: (first) => first.replace('sig1', 'sig2') }, 'name other labels'],
  [
    'as one of five',
    {
      tamperInput: (first) => [first, 'a=()', 'b=()', 'c=()', 'd=()'].join(', '),
      tamper: (first) => [first, 'a=:AA==:', 'b=:AA==:', 'c=:AA==:', 'd=:AA==:'].join(', '),
    },
    'more than four signatures',
  ],
  [
    'beside one of another domain',
    beside('sig2', '("@method");created=1;keyid="https://evil.example/k"'),
    'signatures of more than one domain',
  ],
  [
    'after one of another key of its domain, which is not the right one',
    ahead('sig0', `("@method" "@target-uri" "content-digest");created=${seconds};keyid="${KEY_ID}-2"`),
    WRONG,
  ],
  ['with bytes that are a text', { tamper: () => 'sig1="AAAA"' }, 'the signature sig1 is no byte sequence'],
  ['with bytes that are a list', { tamper: () => 'sig1=(:AAAA:)' }, 'the signature sig1 is no byte sequence'],
  ['with other bytes', { tamper: () => 'sig1=:AAAA:' }, WRONG],
  ['with no bytes', { tamper: () => 'sig1=::' }, WRONG],
  ['with base64 in another spelling', { tamper: (first) => first.replace('==:', ':') }, 'no dictionary'],
  ['with an empty input', { tamperInput: () => '' }, UNREADABLE],
  ['with a comma at its end', { tamperInput: (input) => `${input},` }, UNREADABLE],
  ['with an input that never ends', { tamperInput: (input) => input.replace(')', '') }, UNREADABLE],
  ['with an input of 5000 characters', { parameters: `;tag="${'x'.repeat(5_000)}"` }, UNREADABLE],
  [
    'with the Signature header of draft-cavage',
    { tamper: () => `keyId="${KEY_ID}",signature="AAAA"` },
    'no dictionary',
  ],
  [
    'with both kinds of signature in one header',
    { tamper: (first) => `${first}, keyId="${KEY_ID}",signature="AAAA"` },
    'no dictionary',
  ],
  ['with two Signature headers', { more: [['Signature', 'sig1=:AAAA:']] }, 'two signature headers'],
  ['with two Host headers', { more: [['host', 'us.example']] }, 'two host headers'],
  [
    'with two Date headers',
    {
      more: [
        ['Date', 'a'],
        ['Date', 'b'],
      ],
    },
    'two date headers',
  ],
  ['beside an Authorization header', { more: [['Authorization', 'Signature x']] }, 'an Authorization header'],
  [
    'with an absolute target',
    { target: 'https://us.example/inbox', covered: ['content-digest'] },
    'the target is not a path',
  ],
];

describe('a message signature is refused', () => {
  test.each(refused)('%s', (_, change, reason) => {
    const bad = checkSignature(signedMessage(change), policy);
    expect(bad?.reason).toContain(reason);
    expect(bad?.isWrong).toBe(reason === WRONG);
  });

  test('when anything that it covers is another one', () => {
    const request = signedMessage({ covered: [...COVERED, 'content-type'] });
    const swap = (from: string, to: string) => request.rawHeaders.map((text) => text.replace(from, to));
    const others = {
      body: { ...request, body: Buffer.from('{"type":"Undo"}') },
      method: { ...request, method: 'PUT' },
      'case of the method': { ...request, method: 'post' },
      target: { ...request, target: '/users/eve/inbox' },
      query: { ...request, target: '/users/bob/inbox?x' },
      type: { ...request, rawHeaders: swap('activity+json', 'ld+json') },
      digest: { ...request, rawHeaders: swap(sha256Of(body), `${sha256Of(body)}, ${sha512Of(body)}`) },
      created: { ...request, rawHeaders: swap(`created=${seconds}`, `created=${seconds - 1}`) },
      'key id': { ...request, rawHeaders: swap('/ana', '/eve') },
    };
    expect(checkSignature(request, policy)).toBeNull();
    for (const [name, other] of Object.entries(others))
      expect([name, checkSignature(other, policy)]).not.toEqual([name, null]);
  });
});
