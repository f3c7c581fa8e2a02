/** Before each test of a mutant: no table that another mutant compiled. */
import { beforeEach } from 'vitest';
import { tables } from '../../src/verify/walker/terms.ts';

beforeEach(() => tables.clear());
