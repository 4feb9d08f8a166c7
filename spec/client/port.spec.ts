// Clients over message ports: one port is one connection, a function for ports reconnects; and what a server accepts.
import { pathToFileURL } from 'node:url'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { expect } from 'chai'
import { createMemoryLinks } from '../../lib/core/link/memory-link.ts'
import {
  Action,
  Client,
  type Context,
  Guard,
  type Link,
  type MessagePortLike,
  OutcomeUnknownError,
  Server,
  type ServerOptions,
} from '../../lib/index.ts'
import { compiled } from '../setup/compiled.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'

class WhoAmI extends Action {
  action(_: unknown, { session }: Context) {
    return { id: session.identity?.id, peer: session.peer?.description, transport: session.peer?.transport }
  }
}

class Forever extends Action {
  action() {
    return new Promise<void>(() => undefined)
  }
}

class Closed extends Guard<string> {
  check() {
    return false
  }
}

describe('A client over a message port', () => {
  let server: Server
  let client: Client

  const serve = (options: ServerOptions = {}): void => {
    server = new Server(options).addAction(new WhoAmI()).addAction(new Forever())
  }

  afterEach(async () => {
    await client?.close({ graceMs: 0 })
    await server.shutdown({ graceMs: 0 })
  })

  it('runs actions, on a server that listens nowhere', async () => {
    serve()
    const { port1, port2 } = new MessageChannel()
    await server.accept(port1, { description: 'the worker' })
    client = new Client(port2)
    expect(await client.runAction(WhoAmI)).to.deep.equal({ id: undefined, peer: 'the worker', transport: 'port' })
  })

  it('may be known to the program, so that no guard is asked', async () => {
    serve({ guards: [new Closed()] })
    const { port1, port2 } = new MessageChannel()
    await server.accept(port1, { identity: { id: 'ada' } })
    client = new Client(port2)
    expect(await client.runAction(WhoAmI)).to.include({ id: 'ada' })
  })

  it('passes the guards otherwise', async () => {
    serve({ guards: [new Closed()] })
    const { port1, port2 } = new MessageChannel()
    await server.accept(port1)
    client = new Client(port2)
    expect(await failureOf(client.runAction(WhoAmI))).to.include({ code: 'UNAUTHENTICATED' })
  })

  it('loses its calls with its only port, and says how to reconnect', async () => {
    serve()
    const { port1, port2 } = new MessageChannel()
    await server.accept(port1)
    client = new Client(port2)
    await client.connect()
    const lost = failureOf(client.runAction(Forever))
    await waitFor(() => server.callCount > 0)
    port1.close()
    expect(await lost).to.be.an.instanceOf(OutcomeUnknownError)
    const error = await failureOf(client.runAction(WhoAmI))
    expect(error).to.include({ code: 'CLOSED', notStarted: true })
    expect(error.message).to.match(/pass a function that returns a new port/)
  })

  it('resumes its session over another port, where it has a function that gives them', async () => {
    serve()
    const given: MessagePort[] = []
    client = new Client(async () => {
      const { port1, port2 } = new MessageChannel()
      given.push(port1)
      await server.accept(port1)
      return port2
    })
    const call = client.runAction(Forever)
    await waitFor(() => server.callCount === 1)
    const { sessionId } = client
    given[0]?.close()
    await waitFor(() => given.length === 2 && client.isConnected)
    expect(client.sessionId).to.equal(sessionId)
    await client.runAction(WhoAmI)
    call.cancel()
    await failureOf(call)
  })

  it('refuses a function that gives a port twice, or no port', async () => {
    serve()
    client = new Client(() => ({}) as MessagePortLike)
    expect(await failureOf(client.connect())).to.include({ code: 'INVALID_OPTION' })
    await client.close()
    const { port1, port2 } = new MessageChannel()
    port1.close()
    client = new Client(() => port2, { limits: { handshakeTimeoutMs: 50 }, retry: 1, backoff: { minMs: 1 } })
    expect(await failureOf(client.connect())).to.include({ code: 'CLOSED' })
  })

  it('refuses TLS, which has no effect', () => {
    serve()
    const { port1, port2 } = new MessageChannel()
    port1.close()
    expect(() => new Client(port2, { tls: {} })).to.throw(/option tls: port:message does not use it/)
  })

  it('may be in a worker thread', async () => {
    // The handshake begins when the port is accepted, long before a busy machine has started the thread.
    serve({ limits: { handshakeTimeoutMs: 60_000 } })
    const { port1, port2 } = new MessageChannel()
    await server.accept(port1)
    const module = JSON.stringify(pathToFileURL(compiled('lib/index.ts')))
    const code = `import { parentPort, workerData } from 'node:worker_threads'
      const { Client } = await import(${module})
      const client = new Client(workerData)
      parentPort.postMessage(await client.runAction('WhoAmI'))
      await client.close()`
    const source = new URL(`data:text/javascript,${encodeURIComponent(code)}`)
    const worker = new Worker(source, { workerData: port2, transferList: [port2] })
    const answer = await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
    expect(answer).to.include({ transport: 'port' })
    await new Promise((resolve) => worker.once('exit', resolve))
    await waitFor(() => server.sessions.length === 0)
  })
})

describe('server.accept', () => {
  it("takes a link of the program's own, as a client's dial does", async () => {
    const server = new Server().addAction(new WhoAmI())
    const dial = async (): Promise<Link> => {
      const [near, far] = createMemoryLinks('of my own')
      await server.accept(far)
      return near
    }
    const client = new Client('memory:any', { dial })
    expect(await client.runAction(WhoAmI)).to.include({ peer: 'of my own' })
    await client.close()
    await server.shutdown({ graceMs: 0 })
  })

  it('refuses what is neither, and unknown options', async () => {
    const server = new Server()
    expect(await failureOf(server.accept({} as Link))).to.include({ code: 'INVALID_OPTION' })
    const { port1, port2 } = new MessageChannel()
    expect((await failureOf(server.accept(port1, { who: 1 } as never))).message).to.match(/who/)
    for (const identity of ['ada', null, {}, { id: 5 }])
      expect(await failureOf(server.accept(port1, { identity: identity as never })), String(identity)).to.include({
        code: 'INVALID_OPTION',
      })
    port2.close()
    await server.shutdown()
  })

  it('closes the port where the server was shut down', async () => {
    const server = new Server()
    await server.shutdown()
    const { port1, port2 } = new MessageChannel()
    const closed = new Promise((resolve) => port2.once('close', resolve))
    port2.start()
    expect(await failureOf(server.accept(port1))).to.include({ code: 'SHUTTING_DOWN' })
    await closed
  })
})
