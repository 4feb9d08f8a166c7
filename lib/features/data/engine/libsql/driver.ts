// MikroORM's libsql driver, with our dialect.
import type { Configuration } from '@mikro-orm/core'
import { AbstractSqlDriver, LibSqlConnection, LibSqlPlatform } from '@mikro-orm/libsql'
import { rowsInSlices } from '../rows-in-slices.ts'
import { type LibsqlOptions, libsqlDialect } from './dialect.ts'

/** The driver class for one store, in MikroORM's form. */
export function libsqlDriver(
  options: LibsqlOptions,
): new (
  config: Configuration,
) => AbstractSqlDriver<LibSqlConnection> {
  const dialect = libsqlDialect(options)

  class Connection extends LibSqlConnection {
    override createKnex(): void {
      this.client = this.createKnexClient(dialect as never)
      this.connected = true
    }
  }

  class Driver extends AbstractSqlDriver<LibSqlConnection> {
    constructor(config: Configuration) {
      super(config, new LibSqlPlatform(), Connection, ['knex', 'libsql'])
    }
  }

  return rowsInSlices(Driver, options.slices)
}
