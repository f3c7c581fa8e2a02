/** A name in a list as a rule can use it, or why it cannot. */
import { canonicalDomain } from '../activity.ts';

/** Host names as DNS has them: IDNA A-labels, underscores as in the wild. */
const HOST =
  /^(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?)+$/;
/** An address is a domain too where private addresses are allowed. */
const ADDRESS = /^\[[0-9a-f:.]+\]$/;
/** Names that can be nobody's: lists hold some to see who copies them. */
const CANARY = /\.(?:invalid|test)$/;

/**
 * The domain of a cell: trimmed, lower case, A-labels, without a dot or slash at its end and without the `*.` that some
 * lists put before it.
 */
export function listedDomain(cell: string): { readonly domain: string } | { readonly problem: string } {
  const text = cell.trim().replace(/^\*\./, '').replace(/\/+$/, '');
  if (text === '') return { problem: 'names no domain' };
  if (/[*\u2022]/.test(text)) return { problem: 'is hidden in part: nobody can tell which domain it is' };
  const domain = canonicalDomain(text);
  if (domain === null) return { problem: 'is no host name' };
  if (ADDRESS.test(domain)) return { domain };
  if (!domain.includes('.') && /^[a-z0-9-]+$/.test(domain))
    return { problem: 'is a whole top-level domain, which no list may decide about' };
  // A number alone is an address to a URL, and a slip of a column in a list.
  if (/^[\d.]+$/.test(domain) && domain !== text) return { problem: 'is no host name' };
  if (!HOST.test(domain)) return { problem: 'is no host name' };
  if (CANARY.test(domain)) return { problem: 'is a canary, a name that nobody can have: left out' };
  return { domain };
}
