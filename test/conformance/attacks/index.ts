/** Every attack, by class. A class is played in a world of its own, one attack after the other. */
import type { Attacks } from '../attack.ts';
import { authnOwner } from './authn-owner.ts';
import { authnSignature } from './authn-signature.ts';

export interface AttackClass {
  readonly name: string;
  /** The class in the catalogue. */
  readonly cls: string;
  readonly attacks: Attacks;
}

export const CLASSES: readonly AttackClass[] = [
  { name: 'whose key it is', cls: 'authn', attacks: authnOwner },
  { name: 'what a signature covers', cls: 'authn', attacks: authnSignature },
];
