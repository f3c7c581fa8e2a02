/** Everything that a story between Fedify and us needs, but us: a Fedify server, a door for our side, a database. */
import type { InboxOptions } from '../../src/index.ts';
import type { DatabaseKind } from '../databases.ts';
import { certificateFor } from './certificate.ts';
import { type Door, databaseOf, freshAddress, openDoor } from './door.ts';
import { type Fedify, startFedify } from './fedify.ts';

export interface Neighbourhood extends AsyncDisposable {
  readonly fedify: Fedify;
  readonly door: Door;
  /** What an inbox at this door is made with. */
  readonly options: InboxOptions;
}

/** How long to wait for two processes and a database on a busy machine, in milliseconds. */
export const NEIGHBOURHOOD_MS = 180_000;

export async function openNeighbourhood(kind: DatabaseKind): Promise<Neighbourhood> {
  await using opened = new AsyncDisposableStack();
  const address = freshAddress();
  const certificate = certificateFor(address);
  const fedify = await startFedify(freshAddress(), certificate.certificatePem);
  opened.defer(() => fedify.stop());
  const door = await openDoor(address, certificate);
  opened.defer(() => door.close());
  const { origin } = door;
  const place = await databaseOf(kind, origin);
  opened.defer(() => place.drop());
  const { database, dataDirectory } = place;
  const options = { origin, database, dataDirectory, allowPrivateAddress: true, workers: 1 };
  const kept = opened.move();
  return { fedify, door, options, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
