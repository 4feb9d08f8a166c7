// What the SDKs in Go and Python write, byte for byte, and how they hear: one read of 4 096 bytes for each connection.
import { connect, createServer, type Server, type Socket } from 'node:net'
import { expect } from 'chai'
import { waitFor } from '../setup/wait-for.ts'
import { sendRaw, TracimWorld } from './tracim-world.ts'

/** Each with the order and the spaces of its language's JSON. */
const writers = {
  Go: (type: string, path: string, data?: string) =>
    `{"path":"${path}","type":"${type}"${data === undefined ? '' : `,"data":${data}`}}`,
  Python: (type: string, path: string, data = 'null') => `{"path": "${path}", "type": "${type}", "data": ${data}}`,
  'the document': (type: string, path: string, data = '{}') =>
    `{\n    "type": "${type.replace('daemon_client', 'client')}",\n    "path": "${path}",\n    "data": ${data}\n}\n`,
}

describe('clients of TracimDaemon, as they are', () => {
  let world: TracimWorld
  const servers: Server[] = []
  const kept: Socket[] = []

  beforeEach(() => {
    world = new TracimWorld()
  })

  afterEach(async () => {
    for (const socket of kept.splice(0)) socket.destroy()
    for (const server of servers.splice(0)) await new Promise((resolve) => server.close(resolve))
    await world.close()
  })

  /** What the first read of each connection gives, as Go's client reads. */
  const hear = async (path: string): Promise<string[]> => {
    const heard: string[] = []
    const server = createServer((socket) => {
      socket
        .on('error', () => undefined)
        .once('data', (bytes: Buffer) => {
          heard.push(bytes.subarray(0, 4096).toString())
          socket.destroy()
        })
    })
    servers.push(server)
    await new Promise<void>((resolve) => server.listen({ path, backlog: 511 }, () => resolve()))
    return heard
  }
  /** Writes, and keeps the connection. */
  const keep = (text: string): void => {
    const socket = connect({ path: world.masterPath, allowHalfOpen: true }).on('error', () => undefined)
    kept.push(socket)
    socket.write(text)
  }

  for (const [name, write] of Object.entries(writers))
    for (const [how, send] of [
      ['close', (text: string) => sendRaw(world.masterPath, text)],
      ['keep their connection', keep],
    ] as const)
      it(`written in ${name} that ${how}: register, answer pings, hear events, ask and leave`, async () => {
        const daemon = await world.daemon({ announceClients: false })
        const path = world.path('original')
        const heard = await hear(path)
        const types = () => heard.map((text) => JSON.parse(text).type)
        const client = `{"path": "${path}", "pid": ${name === 'Go' ? '999' : '"999"'}}`
        const say = async (type: string, answer: string, data?: string): Promise<void> => {
          const before = heard.length
          await send(write(type, path, data))
          await waitFor(() => heard.length > before, { what: `the answer to ${type}` })
          expect(types().at(-1)).to.equal(answer)
        }
        await say('daemon_client_add', 'daemon_account_info', client)
        expect(daemon.clients).to.deep.equal([{ path, pid: '999' }])
        await say('daemon_pong', 'daemon_ack')
        await say('daemon_ping', 'daemon_pong')
        daemon.publish({ event_id: 1, event_type: 'user.created', read: null, created: '', fields: {} })
        await waitFor(() => types().includes('daemon_tracim_event'))
        expect(JSON.parse(JSON.parse(heard.at(-1) as string).data).event_type).to.equal('user.created')
        await say('daemon_get_clients', 'daemon_clients')
        await say('daemon_of_tomorrow', 'daemon_ack', '{"any":1}')
        await say('daemon_client_delete', 'daemon_ack', client)
        expect(daemon.clients).to.deep.equal([])
        expect(world.reasons).to.deep.equal([])
      })
})
