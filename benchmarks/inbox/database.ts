/** Connections of the benchmark's own. */
import { Client } from 'pg';

/** A connection that may be cut: who waits for an answer hears of it, and nobody else. */
export async function connectTo(url: string): Promise<Client> {
  const client = new Client(url);
  client.on('error', () => undefined);
  await client.connect();
  return client;
}
