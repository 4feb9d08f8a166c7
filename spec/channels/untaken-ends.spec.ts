// Subscriptions that end with an error: who takes it, and that it is said where nobody does.
import { expect } from 'chai'
import { silentLogger } from '../../lib/core/base/log.ts'
import { Channel, type Client, type Logger, type Server } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, World } from '../setup/world.ts'

class News extends Channel<string> {}
class Missing extends Channel<string> {}

describe('A subscription that ends with an error', () => {
  let world: World
  let server: Server
  let client: Client
  let warned: string[]

  beforeEach(async () => {
    world = new World()
    warned = []
    const log: Logger = { ...silentLogger, warn: (_, message) => void warned.push(message) }
    server = await world.serve([])
    server.addChannel(new News())
    client = world.client({ log })
  })

  afterEach(() => world.close())

  it('is logged as a warning where nobody takes its end, with a handler or without, once each', async () => {
    client.subscribe(Missing, () => undefined)
    client.subscribe(Missing)
    client.watchPresence(Missing, () => undefined)
    await settle()
    expect(warned).to.have.lengthOf(3)
    for (const message of warned) expect(message).to.match(/^a subscription ended: ServerError: .*Missing/)
  })

  it('is not where somebody takes ready or done, or reads it', async () => {
    client.subscribe(Missing, () => undefined).ready.catch(() => undefined)
    client.subscribe(Missing, () => undefined).done.catch(() => undefined)
    const failed = client.subscribe(Missing)[Symbol.asyncIterator]().next()
    expect(await failed.catch(({ name }) => name)).to.equal('ServerError')
    await settle()
    expect(warned).to.deep.equal([])
  })

  it('is not where its client or its user ended it', async () => {
    client.subscribe(News, () => undefined)
    const ended = client.subscribe(News, () => undefined)
    await settle()
    ended.unsubscribe()
    await client.close()
    await settle()
    expect(warned).to.deep.equal([])
  })
})

describe('A message of the server’s own program that cannot be published', () => {
  it('is logged, whether the program awaits it or not, and the server goes on', async () => {
    const world = new World()
    const warned: [object, string][] = []
    const log: Logger = { ...silentLogger, warn: (fields, message) => void warned.push([fields, message]) }
    const server = await world.serve([], { log })
    server.addChannel(new News())
    const circle: Record<string, unknown> = {}
    circle['self'] = () => undefined
    void server.channel(News).publish(circle as never)
    const awaited = await failureOf(server.channel(News).publish(circle as never))
    await settle()
    expect(warned.map(([, message]) => message)).to.deep.equal(
      Array(2).fill('a message for channel "News" could not be published'),
    )
    expect(warned[1]?.[0]).to.have.property('error', awaited)
    await server.channel(News).publish('fine')
    expect(warned).to.have.lengthOf(2)
    await world.close()
  })
})
