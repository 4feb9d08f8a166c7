// What an init file does before its server listens: which services it initializes, with what, and in which order of things.

import { expect } from 'chai'
import { DaemonServer, registerModules } from '../../lib/daemon/daemon-server.ts'
import { Client, MemoryNetwork, type Server, Service, type ServiceContext } from '../../lib/index.ts'
import { listenWeb } from '../../lib/web.ts'
import { failureOf } from '../setup/world.ts'

const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

class Counter extends Service<number, number> {
  override init(start = 7): number {
    return start
  }

  override async exec(count: number, change: number, { respond }: ServiceContext<number>): Promise<number> {
    await respond(count + change)
    return count + change
  }
}

class Other extends Counter {}

describe('An init file', () => {
  let server: DaemonServer
  let network: MemoryNetwork
  const clients: Client[] = []

  beforeEach(() => {
    network = new MemoryNetwork()
    server = new DaemonServer({ address: 'memory:daemon', network }, false, () => undefined)
  })

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
    await server.shutdown({ graceMs: 0 })
  })

  const register = (initFile: object, ...others: object[]): Promise<void> => {
    const modules = [initFile, ...others].map((exports, index) => ({ path: `/${index}.mjs`, exports }))
    return registerModules(server, modules as never, log, { initFile: '/0.mjs' })
  }
  const clientAt = (address: string): Client => {
    const client = new Client(address, { retry: 0, ...(address.startsWith('memory') ? { network } : {}) })
    clients.push(client)
    return client
  }

  it('initializes what it exports, and what its initArgs name of other modules', async () => {
    await register({ Counter, initArgs: { Other: 5 } }, { Other })
    expect(server.services.map(({ phase }) => phase)).to.deep.equal(['new', 'new'])
    await server.listen()
    const client = clientAt('memory:daemon')
    expect((await failureOf(client.service(Counter).initialize(1)))['code']).to.equal('ALREADY_INITIALIZED')
    expect(await client.service(Counter).execute(1, { awaitResponse: true })).to.equal(8)
    expect(await client.service(Other).execute(1, { awaitResponse: true })).to.equal(6)
  })

  it('leaves services of other modules to their clients', async () => {
    await register({ Counter }, { Other })
    await server.listen()
    expect(server.service(Other).phase).to.equal('new')
  })

  it('leaves what its setup has initialized as it is, and finds what that has added', async () => {
    const setup = async (on: Server): Promise<void> => {
      await on.service(Counter).initialize(20)
      on.addService(Other)
    }
    await register({ Counter, setup, initArgs: { Other: 30 } })
    await server.listen()
    expect(await server.service(Counter).execute(1, { awaitResponse: true })).to.equal(21)
    expect(await server.service(Other).execute(1, { awaitResponse: true })).to.equal(31)
  })

  it('is first where a setup opens a web port', async () => {
    let address = ''
    const setup = async (on: Server): Promise<void> => {
      address = (await listenWeb(on, { port: 0 })).address
    }
    await register({ Counter }, { setup })
    const error = await failureOf(clientAt(address).service(Counter).initialize(1))
    expect(error['code']).to.equal('ALREADY_INITIALIZED')
  })

  it('keeps the server from listening where an init throws', async () => {
    class Broken extends Counter {
      override init(): number {
        throw new RangeError('not today')
      }
    }
    await register({ Broken })
    const error = await failureOf(server.listen())
    expect(error.message).to.equal('init file /0.mjs: service "Broken" cannot be initialized: RangeError: not today')
    expect(error['code']).to.equal('MODULE_FAILED')
    expect(server.addresses).to.deep.equal([])
  })
})
