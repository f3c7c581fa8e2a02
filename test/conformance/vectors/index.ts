/** The published vectors, each counted by what passed of how many. */
import type { DatabaseKind } from '../../databases.ts';
import type { Counted } from '../table.ts';

export const VECTORS: Readonly<Record<string, (kind: DatabaseKind) => Promise<Counted>>> = {};
