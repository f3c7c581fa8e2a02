/** Every attack, by class. A class is played in a world of its own, one attack after the other. */
import type { Attacks } from '../attack.ts';
import type { WorldOptions } from '../world.ts';
import { authnOwner } from './authn-owner.ts';
import { authnSignature } from './authn-signature.ts';
import { domainBlock } from './domain-block.ts';
import { fetchAddress, guarded } from './fetch-address.ts';
import { fetchAnswer } from './fetch-answer.ts';
import { floods } from './flood.ts';
import { followState } from './follow-state.ts';
import { forward } from './forward.ts';
import { http } from './http.ts';
import { jsonld } from './jsonld.ts';
import { jsonldSigned } from './jsonld-signed.ts';
import { objectAuthority } from './object-authority.ts';
import { runtime } from './runtime.ts';

export interface AttackClass {
  readonly name: string;
  /** The class in the catalogue. */
  readonly cls: string;
  readonly attacks: Attacks;
  /** The inbox that it is played against, where the usual one will not do. */
  readonly world?: WorldOptions;
}

export const CLASSES: readonly AttackClass[] = [
  { name: 'keys and their owners', cls: 'authn', attacks: authnOwner },
  { name: 'signatures', cls: 'authn', attacks: authnSignature },
  { name: 'what belongs to whom', cls: 'object-authority', attacks: objectAuthority },
  { name: 'follows', cls: 'follow-state', attacks: followState },
  { name: 'what somebody passes on', cls: 'private/forward', attacks: forward },
  { name: 'what a document means', cls: 'jsonld', attacks: jsonld },
  { name: 'signatures on documents', cls: 'jsonld', attacks: jsonldSigned },
  { name: 'where it connects to', cls: 'ssrf/fetch', attacks: fetchAddress, world: guarded },
  { name: 'what it fetches', cls: 'ssrf/fetch', attacks: fetchAnswer },
  { name: 'blocks and limits', cls: 'domain-block', attacks: domainBlock },
  { name: 'its room and its time', cls: 'flood/abuse', attacks: floods },
  { name: 'its HTTP', cls: 'http', attacks: http },
  { name: 'its own parts', cls: 'runtime', attacks: runtime },
];
