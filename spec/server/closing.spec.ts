// Clients that come while a server is shut down, and ports that cannot be closed.
import { expect } from 'chai'
import type { Link } from '../../lib/core/link/link.ts'
import { createMemoryLinks } from '../../lib/core/link/memory-link.ts'
import type { ServerKit } from '../../lib/core/server/feature.ts'
import { Client, Guard, MemoryNetwork, Server } from '../../lib/index.ts'

const peer = { transport: 'memory', description: 'a test', isPrivate: true } as const

/** Does something while it judges. */
class Judge extends Guard {
  count = 0
  readonly #meanwhile: () => void

  constructor(meanwhile: () => void = () => undefined) {
    super()
    this.#meanwhile = meanwhile
  }

  check(): boolean {
    this.count++
    this.#meanwhile()
    return true
  }
}

/** A server with a way in that its shutdown does not close, such as another process may have. */
function serverWith(guard: Guard): { server: Server; dial: () => Promise<Link> } {
  const server = new Server({ port: 0, guards: [guard] })
  let takeLink: ServerKit['takeLink'] = () => undefined
  const { join } = server as unknown as { join(make: (kit: ServerKit) => object): void }
  join.call(server, (kit) => {
    takeLink = kit.takeLink
    return {}
  })
  const dial = async (): Promise<Link> => {
    const [near, far] = createMemoryLinks('a test', peer)
    takeLink(far)
    return near
  }
  return { server, dial }
}

const messageOf = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'no error',
    (error: Error) => error.message,
  )

describe('A server that is being shut down', () => {
  it('refuses a new client without asking its guards', async () => {
    const guard = new Judge()
    const { server, dial } = serverWith(guard)
    await server.listen()
    await server.shutdown()
    await using client = new Client(server.addresses[0] ?? 'tcp://127.0.0.1:1', { dial, retry: 0 })
    expect(await messageOf(client.connect())).to.contain('the server is shutting down')
    expect(guard.count).to.equal(0)
  })

  it('refuses a client that its guards were judging when the shutdown began', async () => {
    let ended: Promise<void> | undefined
    const guard = new Judge(() => {
      ended ??= server.shutdown()
    })
    const { server, dial } = serverWith(guard)
    await server.listen()
    const opened: unknown[] = []
    server.on('session', (session) => opened.push(session))
    await using client = new Client(server.addresses[0] as string, { dial, retry: 0 })
    expect(await messageOf(client.connect())).to.contain('the server is shutting down')
    await ended
    expect(opened).to.deep.equal([])
  })

  it('rejects the shutdown where a port cannot be closed', async () => {
    class Stuck extends MemoryNetwork {
      override listen(): () => void {
        return () => {
          throw new Error('it is stuck')
        }
      }
    }
    const server = new Server('memory:stuck', { network: new Stuck() })
    await server.listen()
    expect(await messageOf(server.shutdown())).to.equal('it is stuck')
  })
})
