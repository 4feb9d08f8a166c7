// A Bun for specs: the one of ISOCK_BUN, or the one found on the path.
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** What is said where there is none. */
export const howToGetBun =
  'there is no Bun; npm install --prefix /tmp/bun bun, and set ISOCK_BUN to /tmp/bun/node_modules/.bin/bun'

/** The path of its program; undefined: there is none. */
export function findBun(): string | undefined {
  const given = process.env['ISOCK_BUN']
  if (given !== undefined && given !== '') return given
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((place) => join(place, 'bun'))
    .find(isProgram)
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
