// The client that pages of the desktop example use, against a gateway, over WebSockets that lose what the spec wants them
// to lose: whatever happens to the connection, every stream settles.
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { Guard, type Server } from 'isock'
import type { IgorOptions } from 'isock/igor'
import { WebSocket } from 'ws'
import { waitFor } from '../../setup/wait-for.ts'
import { Gate } from './gate.ts'
import { IgorWorld } from './igor-world.ts'

interface PageStream {
  readonly done: Promise<unknown>
  close(): void
}

interface PageClient {
  run(action: string, data?: unknown, onData?: (data: unknown) => void): PageStream
  close(): void
}

type PageClientClass = new (
  url: string,
  options: {
    id: string
    patienceMs?: number
    quietMs?: number
    answerMs?: number
    onState: (state: string, resumed: boolean) => void
    onMessage: () => void
  },
) => PageClient

const page = fileURLToPath(new URL('../../../examples/desktop/page/igor.js', import.meta.url))

/** A browser's, as far as the page's client goes: each of its events is a task of its own. */
class LossySocket extends WebSocket {
  static current: LossySocket
  static isOffline = false
  /** From now on what comes is lost, and what is sent. */
  static isDeaf = false
  static isMute = false
  /** What was lost of what came. */
  static lost: string[] = []
  static sent: string[] = []

  constructor(url: string) {
    super(url)
    LossySocket.current = this
    this.on('error', () => undefined)
    if (LossySocket.isOffline) this.terminate()
  }

  override send(text: string): void {
    LossySocket.sent.push(text)
    if (!LossySocket.isMute) super.send(text)
  }

  override emit(event: string, ...args: unknown[]): boolean {
    if (event === 'message' && LossySocket.isDeaf) LossySocket.lost.push(String(args[0]))
    else if (event === 'message' || event === 'close') setImmediate(() => super.emit(event, ...args))
    else return super.emit(event, ...args)
    return true
  }

  static cut(): void {
    LossySocket.isDeaf = false
    LossySocket.isMute = false
    LossySocket.current.terminate()
  }
}

class Door extends Guard {
  static isOpen = true

  check() {
    return Door.isOpen
  }
}

/** What became of it, as text. */
async function outcome({ done }: PageStream): Promise<string> {
  const late = new AbortController()
  try {
    return await Promise.race([
      done.then(
        (value) => `resolved: ${value}`,
        (error: Error) => `rejected: ${error.message}`,
      ),
      sleep(6_000, 'never settled', { signal: late.signal }),
    ])
  } finally {
    late.abort()
  }
}

describe("The desktop example's page client", function () {
  this.timeout(120_000)
  const browserSocket = globalThis.WebSocket
  const clients: PageClient[] = []
  let Igor: PageClientClass
  let world: IgorWorld
  let states: string[]

  before(async () => {
    globalThis.WebSocket = LossySocket as never
    Igor = ((await import(page)) as { Igor: PageClientClass }).Igor
  })

  after(() => {
    globalThis.WebSocket = browserSocket
  })

  beforeEach(() => {
    Gate.reset()
    Object.assign(LossySocket, { isOffline: false, isDeaf: false, isMute: false, lost: [], sent: [] })
    Door.isOpen = true
    states = []
    world = new IgorWorld()
  })

  afterEach(async () => {
    for (const client of clients.splice(0)) client.close()
    await world.close()
  })

  const open = async (
    id: string = randomUUID(),
    times: { patienceMs?: number; quietMs?: number; answerMs?: number } = {},
  ): Promise<PageClient> => {
    const count = states.length
    const client = new Igor(world.wsUrl, {
      id,
      onMessage: () => undefined,
      onState: (state, resumed) => states.push(resumed ? 'resumed' : state),
      ...times,
    })
    clients.push(client)
    await waitFor(() => states.length > count, { what: 'the page to be connected' })
    return client
  }
  const start = async (options: IgorOptions = {}, server = {}): Promise<void> => {
    await world.start((each: Server) => each.addAction(new Gate()), options, server)
  }
  const begin = async (client: PageClient): Promise<PageStream> => {
    const heard: unknown[] = []
    const stream = client.run('Gate', null, (data) => heard.push(data))
    stream.done.catch(() => undefined)
    await waitFor(() => heard.includes('begun'))
    return stream
  }
  const sees = (state: string) => waitFor(() => states.at(-1) === state, { timeoutMs: 8_000, what: state })

  describe('after a cut that is resumed', () => {
    it('hears the end of a stream that goes on', async () => {
      await start()
      const stream = await begin(await open())
      LossySocket.cut()
      await sees('resumed')
      Gate.open()
      expect(await outcome(stream)).to.equal('resolved: ended')
    })

    it('hears the end of one that ended while it was away', async () => {
      await start()
      const stream = await begin(await open())
      LossySocket.isOffline = true
      const { endedCount } = world
      LossySocket.cut()
      await waitFor(() => world.endedCount > endedCount)
      Gate.open()
      await waitFor(() => Gate.running === 0)
      LossySocket.isOffline = false
      expect(await outcome(stream)).to.equal('resolved: ended')
    })

    it('gives up one whose end was lost with the connection', async () => {
      await start()
      const stream = await begin(await open())
      LossySocket.isDeaf = true
      Gate.open()
      await waitFor(() => LossySocket.lost.some((text) => text.includes('close')))
      LossySocket.cut()
      expect(await outcome(stream)).to.contain('rejected: the connection was lost')
      expect(states.at(-1)).to.equal('resumed')
    })

    it('gives up one whose beginning was lost', async () => {
      await start()
      const client = await open()
      LossySocket.isMute = true
      const stream = client.run('Gate')
      LossySocket.cut()
      expect(await outcome(stream)).to.contain('rejected: the connection was lost')
      expect([states.at(-1), Gate.begun]).to.deep.equal(['resumed', 0])
    })

    it('closes one that was closed while nobody heard it', async () => {
      await start()
      const stream = await begin(await open())
      LossySocket.isOffline = true
      LossySocket.cut()
      await sees('lost')
      stream.close()
      LossySocket.isOffline = false
      expect(await outcome(stream)).to.equal('resolved: begun')
      expect(Gate.aborted).to.equal(1)
    })

    it('and one in the middle of its introduction', async () => {
      await start()
      const stream = await begin(await open())
      LossySocket.isDeaf = true
      LossySocket.current.terminate()
      await waitFor(() => LossySocket.lost.some((text) => text.includes('resumed')), { timeoutMs: 8_000 })
      LossySocket.cut()
      await sees('resumed')
      Gate.open()
      expect(await outcome(stream)).to.equal('resolved: ended')
    })

    it('closes what the former page left open, and is not taken for it', async () => {
      await start()
      const id = randomUUID()
      const former = await open(id)
      await begin(former)
      const next = await open(id)
      await waitFor(() => Gate.aborted === 1, { timeoutMs: 8_000 })
      const stream = await begin(next)
      Gate.open()
      expect(await outcome(stream)).to.equal('resolved: ended')
    })
  })

  describe('over a network that is gone, where no end of a connection is heard', () => {
    it('asks for a sign of life, gives the connection up without one, and continues on another', async () => {
      await start()
      const stream = await begin(await open(undefined, { quietMs: 50, answerMs: 200 }))
      const { current } = LossySocket
      Object.assign(LossySocket, { isMute: true, isDeaf: true })
      await waitFor(() => states.includes('lost'), { timeoutMs: 8_000 })
      Object.assign(LossySocket, { isMute: false, isDeaf: false })
      await sees('resumed')
      expect(LossySocket.current).to.not.equal(current)
      Gate.open()
      expect(await outcome(stream)).to.equal('resolved: ended')
      // The end of the former socket, when it was heard at last, was not taken for one of the new connection.
      expect(states).to.deep.equal(['open', 'lost', 'resumed'])
    })

    it('asks at once after a wake-up', async () => {
      await start()
      const window = new EventTarget()
      const place = globalThis as { addEventListener?: unknown; removeEventListener?: unknown }
      place.addEventListener = window.addEventListener.bind(window)
      place.removeEventListener = window.removeEventListener.bind(window)
      try {
        await open(undefined, { quietMs: 60_000, answerMs: 200 })
        Object.assign(LossySocket, { isMute: true, isDeaf: true })
        window.dispatchEvent(new Event('online'))
        await waitFor(() => states.includes('lost'), { timeoutMs: 8_000 })
        Object.assign(LossySocket, { isMute: false, isDeaf: false })
        await sees('resumed')
      } finally {
        for (const client of clients.splice(0)) client.close()
        delete place.addEventListener
        delete place.removeEventListener
      }
    })

    it('keeps a connection over which only answers come', async () => {
      await start()
      await open(undefined, { quietMs: 10, answerMs: 5_000 })
      await waitFor(() => LossySocket.sent.filter((text) => text.includes('"ping"')).length > 3)
      expect(states).to.deep.equal(['open'])
    })

    it('gives up an attempt to connect that leads nowhere', async () => {
      await start()
      LossySocket.isDeaf = true
      const opened = open(undefined, { answerMs: 200 })
      await waitFor(() => states.includes('lost'), { timeoutMs: 8_000 })
      LossySocket.isDeaf = false
      await opened
      // It was introduced, only did not hear of it.
      await sees('resumed')
    })
  })

  describe('gives up its streams', () => {
    it('after a cut that is not resumed', async () => {
      await start({ sessionMs: 0 })
      const stream = await begin(await open())
      LossySocket.cut()
      expect(await outcome(stream)).to.contain('rejected: the connection was lost')
      await sees('open')
    })

    it('when it cannot connect for long', async () => {
      await start()
      const stream = await begin(await open(undefined, { patienceMs: 300 }))
      LossySocket.isOffline = true
      LossySocket.cut()
      expect(await outcome(stream)).to.contain('rejected: the connection was lost')
    })

    it('says so when it cannot connect for long, and comes back later all the same', async () => {
      await start()
      await open(undefined, { patienceMs: 200 })
      LossySocket.isOffline = true
      LossySocket.cut()
      await sees('gone')
      LossySocket.isOffline = false
      await sees('resumed')
      expect(states).to.deep.equal(['open', ...states.filter((each) => each === 'lost'), 'gone', 'resumed'])
    })

    it('when it is not let in any more', async () => {
      await start({}, { guards: [new Door()] })
      const stream = await begin(await open())
      Door.isOpen = false
      LossySocket.cut()
      expect(await outcome(stream)).to.contain('rejected')
    })

    it('when the application ends, which it does not look for any more', async () => {
      await start()
      const stream = await begin(await open())
      const { current } = LossySocket
      const ended = world.server.shutdown({ graceMs: 50 })
      expect(await outcome(stream)).to.contain('rejected')
      await ended
      await sees('ended')
      expect(LossySocket.current).to.equal(current)
    })

    it('when another window takes its place, and leaves it to it', async () => {
      await start()
      const id = randomUUID()
      const stream = await begin(await open(id))
      await open(id)
      const { current } = LossySocket
      expect(await outcome(stream)).to.equal('rejected: this client came back on another connection')
      await waitFor(() => states.includes('elsewhere'))
      expect(LossySocket.current).to.equal(current)
    })

    it('when there is no connection, at once', async () => {
      await start()
      const client = await open()
      LossySocket.isOffline = true
      LossySocket.cut()
      await sees('lost')
      expect(await outcome(client.run('Gate'))).to.equal('rejected: there is no connection')
    })

    it('when the gateway cannot read what begins one', async () => {
      await start()
      expect(await outcome((await open()).run(''))).to.contain('rejected: action: expected a text')
    })
  })
})
