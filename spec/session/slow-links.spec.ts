// A link that is slow and never stands still: what takes minutes arrives, and calls are not late for it.
import { expect } from 'chai'
import type { Link, LinkHandler } from '../../lib/core/link/link.ts'
import { Client, DeadlineError, MemoryNetwork, Server } from '../../lib/index.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'
import { failureOf, Work } from '../setup/world.ts'

const mebibyte = 1024 * 1024

/** Lets so many bytes pass in each direction in each second of a virtual clock, and holds the writers back meanwhile. */
class SlowNetwork extends MemoryNetwork {
  readonly #clock: VirtualClock
  readonly #bytesPerSecond: number

  constructor(clock: VirtualClock, bytesPerSecond: number) {
    super()
    this.#clock = clock
    this.#bytesPerSecond = bytesPerSecond
  }

  override dial(name: string): Link {
    return new SlowLink(super.dial(name), this.#clock, this.#bytesPerSecond)
  }

  override listen(name: string, onLink: (link: Link) => void): () => void {
    return super.listen(name, (link) => onLink(new SlowLink(link, this.#clock, this.#bytesPerSecond)))
  }
}

class SlowLink implements Link {
  readonly #link: Link
  readonly #clock: VirtualClock
  readonly #bytesPerSecond: number
  readonly #waiting: Uint8Array[] = []
  #handler: LinkHandler | undefined
  #isPassing = false
  #isClosed = false

  constructor(link: Link, clock: VirtualClock, bytesPerSecond: number) {
    this.#link = link
    this.#clock = clock
    this.#bytesPerSecond = bytesPerSecond
  }

  get peer(): Link['peer'] {
    return this.#link.peer
  }

  open(handler: LinkHandler): void {
    this.#handler = handler
    this.#link.open(handler)
  }

  write(chunks: readonly Uint8Array[]): boolean {
    for (const chunk of chunks) this.#waiting.push(chunk)
    this.#pass()
    return !this.#isPassing
  }

  close(how: 'flush' | 'abort'): Promise<void> {
    this.#isClosed = true
    return this.#link.close(how)
  }

  keepProcessAlive(): void {
    // Nothing of this keeps a process alive.
  }

  #pass(): void {
    if (this.#isPassing) return
    let left = this.#bytesPerSecond
    for (let chunk = this.#waiting.shift(); chunk !== undefined; chunk = this.#waiting.shift()) {
      this.#link.write([chunk.subarray(0, left)])
      if (chunk.length > left) this.#waiting.unshift(chunk.subarray(left))
      left -= Math.min(left, chunk.length)
      if (left === 0) break
    }
    if (left > 0 || this.#isClosed) return
    this.#isPassing = true
    this.#clock.setTimer(() => {
      this.#isPassing = false
      this.#pass()
      if (!this.#isPassing && !this.#isClosed) this.#handler?.onDrain()
    }, 1_000)
  }
}

describe('a slow link', () => {
  let clock: VirtualClock
  let work: Work
  let server: Server
  let client: Client

  async function open(bytesPerSecond: number): Promise<void> {
    clock = new VirtualClock()
    const network = new SlowNetwork(clock, bytesPerSecond)
    work = new Work()
    server = await new Server({ address: 'memory:server', network, clock }).addAction(work).listen()
    client = new Client('memory:server', { network, clock, retry: 0 })
    await client.connect()
  }

  afterEach(async () => {
    await clock.until(client.close())
    await clock.until(server.shutdown({ graceMs: 0 }))
  })

  it('carries data and an answer that take two minutes each, in one attempt and without a deadline', async () => {
    await open(30_000)
    const data = new Uint8Array(3.5 * mebibyte)
    const call = client.runAction(Work, data)
    await clock.advance(150_000)
    expect((work.run.data as Uint8Array).length).to.equal(data.length)
    work.run.finish(data)
    expect(((await clock.until(call)) as Uint8Array).length).to.equal(data.length)
    expect(work.runs).to.have.length(1)
  })

  it('is not a reason for other calls to be late, which wait behind what it carries', async () => {
    await open(30_000)
    const large = client.runAction(Work, new Uint8Array(3.5 * mebibyte))
    const small = client.runAction(Work, 'small')
    await clock.advance(150_000)
    for (const run of work.runs) run.finish()
    await clock.until(Promise.all([large, small]))
  })

  it('is not a reason for calls to be late whose answers wait for two minutes behind those of others', async () => {
    await open(30_000)
    const calls = Array.from({ length: 40 }, () => client.runAction(Work))
    await settle()
    for (const run of work.runs) run.finish(new Uint8Array(100_000))
    const answers = (await clock.until(Promise.all(calls))) as Uint8Array[]
    expect(new Set(answers.map(({ length }) => length))).to.deep.equal(new Set([100_000]))
  })

  it('leaves a deadline of the call what it is', async () => {
    await open(30_000)
    const call = client.runAction(Work, new Uint8Array(3.5 * mebibyte), { timeoutMs: 20_000 })
    expect(await clock.until(failureOf(call))).to.be.instanceOf(DeadlineError)
  })

  it('does not keep a call open whose handler is silent when all has arrived', async () => {
    await open(30_000)
    const call = client.runAction(Work, new Uint8Array(mebibyte))
    const startedAtMs = clock.now()
    expect(await clock.until(failureOf(call))).to.be.instanceOf(DeadlineError)
    expect(clock.now() - startedAtMs).to.be.within(60_000, 120_000)
    await settle()
  })

  it('is given up where it is slower than the least rate: 30 s, and a second for each 16 KB', async () => {
    await open(10_000)
    const call = client.runAction(Work, new Uint8Array(3.5 * mebibyte))
    const error = await clock.until(failureOf(call))
    expect(error.message).to.match(/the link (is dead|broke)|closed the link|aborted the link/)
    expect(work.runs).to.have.length(0)
  })
})
