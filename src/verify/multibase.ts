/** Bytes in multibase as proofs and Multikeys carry them: `z` for base58btc, `u` for base64url without padding. */

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const DIGITS = new Map([...BASE58].map((character, digit) => [character, digit]));

/** The bytes of a multibase text, or null when it is none or longer than `bytesMax`. */
export function multibaseBytes(text: string, bytesMax: number): Uint8Array | null {
  // Base58 takes 138 characters for 100 bytes, and its decoding time grows with their square.
  if (text.length > 2 + bytesMax * 1.4) return null;
  const bytes = text.startsWith('z') ? base58(text.slice(1)) : text.startsWith('u') ? base64url(text) : null;
  return bytes === null || bytes.length > bytesMax ? null : bytes;
}

function base58(text: string): Uint8Array | null {
  const zeros = /^1*/.exec(text)?.[0].length ?? 0;
  const bytes: number[] = [];
  for (const character of text) {
    let carry = DIGITS.get(character);
    if (carry === undefined) return null;
    for (let at = 0; at < bytes.length; at++) {
      carry += (bytes[at] as number) * 58;
      bytes[at] = carry & 0xff;
      carry >>= 8;
    }
    while (carry > 0) {
      bytes.push(carry & 0xff);
      carry >>= 8;
    }
  }
  return Uint8Array.from([...new Array<number>(zeros).fill(0), ...bytes.reverse()]);
}

function base64url(text: string): Uint8Array | null {
  return /^u[\w-]*$/.test(text) ? Buffer.from(text.slice(1), 'base64url') : null;
}
