// Who is measured, in this order, and in which groups of cells. Their modules are loaded by the workers only.
import type { GroupName } from './cells.ts'

export interface Entry {
  readonly name: string
  /** What it is compared as. */
  readonly kind: 'limit' | 'isock' | 'peer'
  /** The package whose version is told, of a peer. */
  readonly package?: string
  /** Its module, in contenders/. */
  readonly module: string
  readonly groups: readonly GroupName[]
  /** Its module for fan-outs, in bench/. */
  readonly fanout?: string
  /** Does only x1 and x64 of each value, so that a whole run ends in half an hour. */
  readonly doesFewCells?: boolean
}

export const entries: readonly Entry[] = [
  {
    name: 'raw socket',
    kind: 'limit',
    module: 'raw',
    groups: ['small', 'rows', 'people', 'bytes', 'buffer', 'links', 'fanout'],
    fanout: 'fanout/raw.js',
  },
  { name: 'JSON text', kind: 'limit', module: 'json-text', groups: ['small', 'rows', 'people', 'links'] },
  { name: 'raw WebSocket', kind: 'limit', module: 'raw-websocket', groups: ['small', 'rows', 'bytes', 'buffer'] },
  {
    name: 'isock',
    kind: 'isock',
    module: 'isock',
    groups: ['small', 'rows', 'people', 'mix', 'bytes', 'buffer', 'stream', 'links', 'actions', 'fanout'],
    fanout: 'fanout/isock.js',
  },
  {
    name: 'isock, WebSocket',
    kind: 'isock',
    module: 'isock-websocket',
    groups: ['small', 'rows', 'bytes', 'buffer', 'stream'],
  },
  { name: 'isock, schema', kind: 'isock', module: 'isock-schema', groups: ['small'], doesFewCells: true },
  { name: 'isock, zod', kind: 'isock', module: 'isock-zod', groups: ['small', 'rows'], doesFewCells: true },
  {
    name: 'isock, inheritContext',
    kind: 'isock',
    module: 'isock-inherit',
    groups: ['small', 'rows'],
    doesFewCells: true,
  },
  peer('NestJS TCP', '@nestjs/microservices', 'nestjs', ['small', 'rows', 'stream']),
  peer('Moleculer TCP', 'moleculer', 'moleculer', ['small', 'rows', 'stream']),
  peer('gRPC', '@grpc/grpc-js', 'grpc', ['small', 'rows', 'bytes', 'stream']),
  {
    ...peer('Socket.IO', 'socket.io', 'socket-io', ['small', 'rows', 'people', 'buffer', 'bytes', 'stream', 'fanout']),
    fanout: 'contenders/peers/socket-io-rooms.js',
    doesFewCells: false,
  },
  peer("Cap'n Web", 'capnweb', 'capnweb', ['small', 'rows', 'bytes', 'stream']),
  // The fastest of them with 64 calls and more in flight.
  { ...peer('rpc-websockets', 'rpc-websockets', 'rpc-websockets', ['small', 'rows', 'stream']), doesFewCells: false },
  peer('jayson TCP', 'jayson', 'jayson', ['small', 'rows']),
]

function peer(name: string, npm: string, module: string, groups: readonly GroupName[]): Entry {
  return { name, kind: 'peer', package: npm, module: `peers/${module}`, groups, doesFewCells: true }
}
