#!/usr/bin/env node
/** The command `sallyport`. */
import { moduleUrl } from './built.js';

const { main } = await import(moduleUrl('src/cli/main'));
process.exitCode = await main(process.argv.slice(2));
