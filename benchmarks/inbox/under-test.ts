/** What a server under test is told, and the table that the ones that are not Sallyport write to. */

export interface UnderTest {
  readonly port: number;
  /** `postgres://…`, a database of its own. */
  readonly database: string;
}

/** Database connections of Fedify's handler and of the floor: the default of `pg`. */
export const CONNECTIONS = 10;

/** The handle of the local actor. */
export const HANDLE = 'alice';

/** No index but the key's: neither of them looks for duplicates here. */
export const RECEIVED = `create table received (
  seq bigint generated always as identity primary key,
  activity_id text not null, type text not null, actor text not null, object text, body text)`;
