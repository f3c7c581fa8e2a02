/**
 * Where a module is: the TypeScript source in a checkout, the built file in the package. Node strips the types of a
 * checkout by itself, but of nothing that lies under node_modules; the package has no sources.
 */
import { existsSync } from 'node:fs';
import './node-version.js';

/** @param {string} module the path from the checkout's root, without its extension */
export function moduleUrl(module) {
  const source = new URL(`../../${module}.ts`, import.meta.url);
  return existsSync(source) ? source.href : new URL(`../../dist/${module}.js`, import.meta.url).href;
}
