/**
 * The migrations make exactly the tables that the entities describe. Both are written by hand in different words,
 * and statements rely on either, so a difference must fail here and not on somebody's server.
 */
import { Migrator } from '@mikro-orm/migrations';
import { describe, expect, test } from 'vitest';
import { entities } from '../../src/store/entities.ts';
import { migrations } from '../../src/store/migrations/index.ts';
import { databases, type TestDatabase } from '../databases.ts';

async function connect({ database, dataDirectory }: TestDatabase) {
  const options = {
    entities,
    extensions: [Migrator],
    migrations: { migrationsList: migrations, tableName: 'sallyport_migrations', snapshot: false },
  };
  if (database === undefined) {
    const { MikroORM } = await import('@mikro-orm/pglite');
    return MikroORM.init({ ...options, dbName: `${dataDirectory}/pglite` });
  }
  const { MikroORM } = await import('@mikro-orm/postgresql');
  return MikroORM.init({ ...options, clientUrl: database });
}

describe.each(databases)('the schema on $name', (kind) => {
  test('has nothing that the entities lack, and lacks nothing that they have', async () => {
    const place = await kind.open();
    const orm = await connect(place);
    try {
      expect(await orm.schema.getUpdateSchemaSQL({ wrap: false })).toBe('');
      expect((await orm.migrator.getPending()).map(({ name }) => name)).toEqual([]);
    } finally {
      await orm.close(true);
      await place.drop();
    }
  });

  test('differs as soon as a table is changed by hand', async () => {
    const place = await kind.open();
    const orm = await connect(place);
    try {
      await orm.em.getConnection().execute('alter table mail add column stray text null');
      expect(await orm.schema.getUpdateSchemaSQL({ wrap: false })).toContain('"stray"');
    } finally {
      await orm.close(true);
      await place.drop();
    }
  });
});
