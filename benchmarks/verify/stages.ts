/** What is measured: each stage of ours, and what others do in its place. Each checks that it does what it says. */
import { hash } from 'node:crypto';
import { expand, understand, understandFully } from '../../src/verify/document.ts';
import { readSignature } from '../../src/verify/header.ts';
import { judge } from '../../src/verify/judge.ts';
import { scan } from '../../src/verify/scan.ts';
import { checkSignature } from '../../src/verify/signature.ts';
import { plainNormal } from '../../src/verify/walker.ts';
import { ANA, type Requests, type Signed, SUITES } from './requests.ts';

export interface Stage {
  readonly group: 'parts' | 'signature' | 'understanding' | 'whole';
  readonly name: string;
  /** Ours, which the others of its group are compared with. */
  readonly isOurs: boolean;
  /** Does it once, with the nth request. Throws when it did not succeed. */
  run(nth: number): unknown;
}

function succeed(isDone: unknown, what: string): void {
  if (!isDone) throw new Error(`${what} did not succeed`);
}

function signatureStage(name: string, signed: readonly Signed[], isOurs: boolean): Stage {
  return {
    group: 'signature',
    name,
    isOurs,
    run(nth) {
      const { request, policy } = signed[nth] as Signed;
      succeed(checkSignature(request, policy) === null, name);
    },
  };
}

function judgeStage(name: string, signed: readonly Signed[], isOurs: boolean): Stage {
  return {
    group: 'whole',
    name,
    isOurs,
    async run(nth) {
      const { request, policy } = signed[nth] as Signed;
      const answer = await judge({ ...request, ...policy, keyActor: ANA, allowPrivate: true });
      succeed(answer.ok, name);
    },
  };
}

export function ourStages({ bodies, documents, cavage, messages }: Requests): Stage[] {
  const body = (nth: number): Buffer => bodies[nth] as Buffer;
  const document = (nth: number): Record<string, unknown> => documents[nth] as Record<string, unknown>;
  return [
    {
      group: 'parts',
      name: 'head: fields and signature header',
      isOurs: false,
      run: (nth) =>
        succeed(!('problem' in readSignature((cavage[nth] as Signed).request.rawHeaders)), 'head'),
    },
    {
      group: 'parts',
      name: 'digest: SHA-256 of the body',
      isOurs: false,
      run: (nth) => hash('sha256', body(nth), 'base64'),
    },
    {
      group: 'parts',
      name: 'strict scan: UTF-8, structure, JSON',
      isOurs: false,
      run: (nth) => succeed(!('problem' in scan(body(nth))), 'scan'),
    },
    {
      group: 'parts',
      name: 'for comparison: JSON.parse alone',
      isOurs: false,
      run: (nth) => JSON.parse(body(nth).toString()),
    },
    signatureStage('sallyport, draft-cavage rsa-sha256', cavage, true),
    ...SUITES.map((suite) => signatureStage(`sallyport, RFC 9421 ${suite}`, messages[suite], false)),
    {
      group: 'understanding',
      name: 'sallyport: facts and normal form, fast path',
      isOurs: true,
      run: async (nth) => succeed('isPlain' in (await understand(document(nth))), 'the fast path'),
    },
    {
      group: 'understanding',
      name: 'sallyport: the walker alone',
      isOurs: false,
      run: (nth) => succeed(plainNormal(document(nth)), 'the walker'),
    },
    {
      group: 'understanding',
      name: 'sallyport: facts and normal form, full path',
      isOurs: false,
      run: async (nth) => succeed('isPlain' in (await understandFully(document(nth))), 'the full path'),
    },
    {
      group: 'understanding',
      name: 'jsonld.js expand, contexts kept (in our full path)',
      isOurs: false,
      run: (nth) => expand(document(nth)),
    },
    judgeStage('sallyport: judge(), draft-cavage rsa-sha256', cavage, true),
    judgeStage('sallyport: judge(), RFC 9421 ed25519', messages.ed25519, false),
  ];
}
