// What PostgreSQL's driver makes of the values that come from it: what their kinds say, so that nothing has to convert them row
// by row to see whether they have changed.
import type { Kind } from '../kinds/kind.ts'
import { kinds } from '../kinds/kinds.ts'

/** What there is of the driver's connection. */
interface RawConnection {
  setTypeParser(type: number, parse: (text: string) => unknown): void
}

/** For each new connection. */
export function readValues(connection: RawConnection): void {
  for (const { stores } of Object.values<Kind>(kinds)) {
    const { driver } = stores.postgresql
    if (driver !== undefined) connection.setTypeParser(driver.type, driver.parse)
  }
}
