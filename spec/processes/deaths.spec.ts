// Real processes that are killed, stopped and replaced in the middle of calls; a third process counts what ran.
import { expect } from 'chai'
import { Client, IsockError, OutcomeUnknownError } from '../../lib/index.ts'
import { longIt, sizeOf } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'
import { Counter, freePort, startWorkServer, Worker } from './processes.ts'
import { Sessions, Work } from './work-actions.ts'

const kills = Number(process.env['ISOCK_KILLS'] ?? sizeOf({ all: 20, few: 5 }))
const limits = { heartbeatMs: 100, deadAfterMs: 300, frameTimeoutMs: 1_000, handshakeTimeoutMs: 500 }
const patient = { retry: 60, backoff: { minMs: 10, maxMs: 50 }, limits }

/** What its caller was told of a call. */
type Told = 'ok' | 'not started' | 'unknown' | 'other'

describe('Processes', () => {
  let counter: Counter
  let port: number

  before(async function () {
    this.timeout(120_000)
    counter = await Counter.start()
    port = await freePort()
  })

  after(async () => {
    await counter.end()
  })

  /** Keeps so many calls running until it is told to stop; what each was told, by name. */
  function keepCalling(
    client: Client,
    prefix: string,
    lanes: number,
    takesMs: number,
  ): () => Promise<Map<string, Told | string>> {
    const told = new Map<string, Told | string>()
    let isOver = false
    const lane = async (number: number): Promise<void> => {
      for (let i = 0; !isOver; i++) {
        const name = `${prefix}-${number}-${i}`
        const outcome = await client.runAction(Work, { name, takesMs }).outcome()
        told.set(name, outcome.ok ? 'ok' : tell(outcome.error))
      }
    }
    const running = Array.from({ length: lanes }, (_, number) => lane(number))
    return async () => {
      isOver = true
      await Promise.all(running)
      return told
    }
  }

  async function expectHonest(told: Map<string, Told | string>): Promise<void> {
    const counts = await counter.report()
    for (const [name, word] of told) {
      const count = counts.get(name) ?? 0
      if (word === 'ok') expect(count, `${name}: ok`).to.equal(1)
      else if (word === 'not started') expect(count, `${name}: not started`).to.equal(0)
      else if (word === 'unknown') expect(count, `${name}: unknown`).to.be.at.most(1)
      else throw new Error(`${name}: ${word}`)
    }
  }

  longIt(
    `a server that is killed ${kills} times in the middle of calls: nothing runs twice, nothing is claimed that is not so`,
    async function () {
      this.timeout(kills * 20_000)
      const client = new Client('127.0.0.1', port, patient)
      let server = await startWorkServer(port, counter)
      const stop = keepCalling(client, 'killed', 8, 3)
      for (let i = 0; i < kills; i++) {
        await waitFor(() => client.isConnected, { timeoutMs: 10_000, what: 'a connection' })
        // A different moment of its calls each time.
        await new Promise((resolve) => setTimeout(resolve, i % 17))
        await server.end('SIGKILL')
        server = await startWorkServer(port, counter)
      }
      // The last one lives: the others may have had no time to answer anything.
      for (let i = 0; i <= kills; i++) await client.runAction(Work, { name: `last-${i}`, takesMs: 3 })
      const told = await stop()
      await client.close()
      await server.end('SIGTERM')
      await expectHonest(told)
      const words = [...told.values()]
      expect(words.filter((word) => word === 'ok').length).to.be.greaterThan(kills)
      expect(words.filter((word) => word === 'unknown').length).to.be.greaterThan(0)
    },
  )

  longIt('two servers that are restarted in turns under load: no call fails, each runs once', async function () {
    this.timeout(120_000)
    const otherPort = await freePort()
    const ports = [port, otherPort]
    const servers = await Promise.all(ports.map((at) => startWorkServer(at, counter)))
    const client = new Client(
      ports.map((at) => `tcp://127.0.0.1:${at}`),
      patient,
    )
    const stop = keepCalling(client, 'rolling', 32, 2)
    for (let round = 0; round < 6; round++) {
      const index = round % 2
      await new Promise((resolve) => setTimeout(resolve, 150))
      await servers[index]?.end('SIGTERM')
      servers[index] = await startWorkServer(ports[index] as number, counter)
    }
    const told = await stop()
    await client.close()
    await Promise.all(servers.map((server) => server.end('SIGTERM')))
    await expectHonest(told)
    expect([...told.values()].filter((word) => word !== 'ok')).to.deep.equal([])
    expect(told.size).to.be.greaterThan(1_000)
  })

  it('a server that is stopped and goes on: the heartbeat finds it, the call is joined and ran once', async function () {
    this.timeout(120_000)
    const server = await startWorkServer(port, counter)
    const client = new Client('127.0.0.1', port, patient)
    await client.connect()
    const call = client.runAction(Work, { name: 'stopped server', takesMs: 200 })
    await waitFor(async () => (await counter.report()).has('stopped server'))
    server.child.kill('SIGSTOP')
    await waitFor(() => !client.isConnected, { timeoutMs: 5_000, what: 'the heartbeat to find the stopped server' })
    server.child.kill('SIGCONT')
    expect(await call).to.equal('stopped server')
    expect((await counter.report()).get('stopped server')).to.equal(1)
    await client.close()
    await server.end('SIGTERM')
  })

  longIt('a client that is stopped and goes on: its session waits, its call ran once', async function () {
    this.timeout(120_000)
    const server = await startWorkServer(port, counter)
    const worker = new Worker('work-client.ts', port, 'stopped client', 900)
    await worker.line()
    await waitFor(async () => (await counter.report()).has('stopped client'))
    worker.child.kill('SIGSTOP')
    await new Promise((resolve) => setTimeout(resolve, 700))
    worker.child.kill('SIGCONT')
    expect(await worker.line()).to.equal('ok stopped client')
    expect((await counter.report()).get('stopped client')).to.equal(1)
    await server.end('SIGTERM')
  })

  longIt(
    'a client that is killed: its handler is told when the lease is over, its session goes, others go on',
    async function () {
      this.timeout(120_000)
      const server = await startWorkServer(port, counter)
      const other = new Client('127.0.0.1', port, patient)
      await other.connect()
      const worker = new Worker('work-client.ts', port, 'killed client', 2_500)
      await worker.line()
      await waitFor(async () => (await counter.report()).has('killed client'))
      expect(await other.runAction(Sessions)).to.equal(2)
      await worker.end('SIGKILL')
      expect(await other.runAction(Work, { name: 'meanwhile', takesMs: 0 })).to.equal('meanwhile')
      await waitFor(async () => (await other.runAction(Sessions)) === 1, { timeoutMs: 5_000, what: 'the lease to end' })
      await waitFor(async () => (await counter.report()).has('killed client aborted'), { timeoutMs: 5_000 })
      await other.close()
      await server.end('SIGTERM')
    },
  )
})

function tell(error: unknown): Told | string {
  if (error instanceof OutcomeUnknownError) return 'unknown'
  if (error instanceof IsockError && error.notStarted) return 'not started'
  return String(error)
}
