/** A blocked domain as everybody may see it: its letters in the middle hidden, and a digest for those who ask about it. */
import { hash } from 'node:crypto';

/** `spam.example` is `spam.****ple`: a quarter of the characters at each end stays, and so does every dot. */
export function obfuscated(domain: string): string {
  const shown = Math.floor(domain.length / 4);
  return [...domain]
    .map((letter, at) => (at > shown && at < domain.length - shown && letter !== '.' ? '*' : letter))
    .join('');
}

/** SHA-256 of the plain name, in hex. */
export function digestOf(domain: string): string {
  return hash('sha256', domain, 'hex');
}
