// Makes PostgreSQL's driver return values in the form of their kinds, so that no row has to be converted
// to find out whether it has changed.
import type { Kind } from '../kinds/kind.ts'
import { kinds } from '../kinds/kinds.ts'

/** The part of the driver's connection that is used. */
interface RawConnection {
  setTypeParser(type: number, parse: (text: string) => unknown): void
}

/** Called for each new connection. */
export function readValues(connection: RawConnection): void {
  for (const { stores } of Object.values<Kind>(kinds)) {
    const { driver } = stores.postgresql
    if (driver !== undefined) connection.setTypeParser(driver.type, driver.parse)
  }
}
