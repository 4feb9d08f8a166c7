// The rooms of lib/ with their files, and the specs that are theirs.
import { existsSync, readdirSync } from 'node:fs'
import { join, posix } from 'node:path'

/** The files of the rooms, named as by `roomOf`; of all rooms where none is named. Throws for a room that does not exist. */
export function filesOf(root: string, rooms: readonly string[]): string[] {
  const all = readdirSync(join(root, 'lib'), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && file.includes('/'))
    .sort()
  const isOf = (file: string, room: string) => `${roomOf(file)}/`.startsWith(`${room}/`)
  for (const room of rooms)
    if (!all.some((file) => isOf(file, room)))
      throw new Error(`there is no room ${room}; there are ${[...new Set(all.map(roomOf))].join(', ')}`)
  return all.filter((file) => rooms.length === 0 || rooms.some((room) => isOf(file, room))).map((file) => `lib/${file}`)
}

/** `lib/gateways/http/body.ts` is of `gateways/http`, `lib/core/link/link.ts` of `link`. */
export function roomOf(file: string): string {
  return posix.dirname(file.replace(/^lib\//, '').replace(/^(core|features)\//, ''))
}

/** Rooms whose promises are also described elsewhere. */
const elsewhere: Readonly<Record<string, readonly string[]>> = {
  'data/engine': ['data'],
  link: ['contracts'],
  session: ['contracts'],
}

/** Where else a fault of a room shows: the specs of those that use it, the quick ones first. */
const users: Readonly<Record<string, readonly string[]>> = {
  base: ['session', 'server', 'client', 'channels', 'testing', 'processes', 'gateways', 'daemon'],
  wire: ['session', 'contracts', 'action', 'fuzz', 'hostile', 'data', 'browser'],
  link: ['server', 'client', 'session', 'hostile', 'browser', 'every-byte', 'web'],
  session: ['server', 'client', 'action', 'channels', 'tasks', 'simulation', 'hostile', 'every-byte', 'fuzz'],
  action: ['session', 'server', 'client', 'contracts', 'channels', 'services', 'threads', 'hostile', 'cli', 'gateways'],
  server: [
    'session',
    'client',
    'channels',
    'tasks',
    'services',
    'web',
    'hostile',
    'testing',
    'cli',
    'gateways',
    'daemon',
  ],
  client: ['session', 'server', 'channels', 'tasks', 'services', 'simulation', 'gateways', 'browser', 'processes'],
  channels: ['gateways', 'testing', 'browser', 'hostile'],
  tasks: ['gateways', 'testing', 'daemon'],
  services: ['gateways', 'testing', 'processes'],
  threads: ['session', 'gateways', 'daemon'],
  web: ['gateways', 'server', 'hostile', 'browser'],
  data: ['cli', 'daemon'],
  facade: ['session', 'client', 'channels', 'tasks', 'services', 'testing', 'web', 'browser', 'cli'],
  gateways: ['web'],
  daemon: ['cli', 'processes'],
  testing: ['session', 'server'],
}

/** Patterns for the folder of spec/ that mirrors the room, or the nearest one around it, and for what else describes it. */
export function specsOf(root: string, room: string): string[] {
  const folder = folderOf(root, room)
  return folder === undefined ? [] : [folder, ...(elsewhere[folder] ?? [])].map(patternOf)
}

/** Patterns for the specs of the rooms that use this one, without its own. */
export function widerSpecsOf(root: string, room: string): string[] {
  const own = specsOf(root, room)
  const whole = room.split('/', 1)[0] as string
  return [whole, ...(users[whole] ?? [])]
    .filter((folder) => existsSync(join(root, 'spec', folder)))
    .map(patternOf)
    .filter((pattern) => !own.includes(pattern))
}

function folderOf(root: string, room: string): string | undefined {
  for (let folder = room; folder !== '.'; folder = posix.dirname(folder))
    if (existsSync(join(root, 'spec', folder))) return folder
  return undefined
}

const patternOf = (folder: string): string => `spec/${folder}/**/*.spec.ts`
