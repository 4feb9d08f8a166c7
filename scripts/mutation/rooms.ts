// The rooms of lib/ with their files, and the specs that are theirs.
import { existsSync, readdirSync } from 'node:fs'
import { join, posix } from 'node:path'

/** Files under lib/<room>, for each of the rooms; all rooms where none is named. Throws for a room that does not exist. */
export function filesOf(root: string, rooms: readonly string[]): string[] {
  const all = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && file.includes('/'))
    .sort()
  for (const room of rooms)
    if (!all.some((file) => file.startsWith(`${room}/`)))
      throw new Error(`there is no room lib/${room}; there are ${[...new Set(all.map(roomOf))].join(', ')}`)
  return all
    .filter((file) => rooms.length === 0 || rooms.some((room) => file.startsWith(`${room}/`)))
    .map((file) => `lib/${file}`)
}

/** `lib/gateways/http/body.ts` is of `gateways/http`. */
export function roomOf(file: string): string {
  return posix.dirname(file.replace(/^lib\//, ''))
}

/** Rooms whose promises are also described elsewhere. */
const elsewhere: Readonly<Record<string, readonly string[]>> = {
  link: ['spec/contracts/**/*.spec.ts'],
  session: ['spec/contracts/**/*.spec.ts'],
}

/** Patterns for the folder of spec/ that mirrors the room, or the nearest one around it, and for what else describes it. */
export function specsOf(root: string, room: string): string[] {
  for (let folder = room; folder !== '.'; folder = posix.dirname(folder))
    if (existsSync(join(root, 'spec', folder))) return [`spec/${folder}/**/*.spec.ts`, ...(elsewhere[folder] ?? [])]
  return []
}
