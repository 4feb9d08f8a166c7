// What becomes of one document for one socket.
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type DeliveryOutcome, deliver } from '../../lib/tracim/delivery.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

describe('The delivery of a document', () => {
  const directory = { path: '' }
  const none = new AbortController().signal

  beforeEach(() => {
    directory.path = mkdtempSync(join(tmpdir(), 'isock-delivery-'))
  })

  afterEach(() => rmSync(directory.path, { recursive: true }))

  const socketPath = () => join(directory.path, 'peer.sock')

  it('is done when the whole document was taken', async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(socketPath(), resolve))
    const received = once(server, 'connection').then(async ([socket]) => {
      const chunks: Buffer[] = []
      for await (const chunk of socket) chunks.push(chunk)
      return String(Buffer.concat(chunks))
    })
    const clock = new VirtualClock()
    const delivering = deliver(socketPath(), Buffer.from('{"a":1}'), { clock, timeoutMs: 1_000, signal: none })
    expect(clock.pendingCount).to.equal(1)
    expect(await delivering).to.equal('delivered')
    expect(await received).to.equal('{"a":1}')
    expect(clock.pendingCount).to.equal(0)
    await new Promise((resolve) => server.close(resolve))
  })

  it('is told that nothing is there', async () => {
    const clock = new VirtualClock()
    const outcome = await deliver(socketPath(), Buffer.from('{}'), { clock, timeoutMs: 1_000, signal: none })
    expect([outcome, clock.pendingCount]).to.deep.equal(['gone', 0])
  })

  it('is not begun after it was aborted', async () => {
    const clock = new VirtualClock()
    const signal = AbortSignal.abort()
    const delivering = deliver(socketPath(), Buffer.from('{}'), { clock, timeoutMs: 1_000, signal })
    expect(clock.pendingCount).to.equal(0)
    expect(await delivering).to.equal('aborted')
  })

  it('ends with an abort, or when it takes too long, where the peer does not read', async () => {
    const server = createServer({ pauseOnConnect: true })
    await new Promise<void>((resolve) => server.listen(socketPath(), resolve))
    const large = Buffer.alloc(16 * 1024 * 1024)
    const clock = new VirtualClock()
    const abort = new AbortController()
    const outcomes: DeliveryOutcome[] = []
    const peers: { destroy(): void }[] = []
    server.on('connection', (peer) => peers.push(peer.on('error', () => undefined)))
    const keep = (outcome: DeliveryOutcome) => outcomes.push(outcome)
    const stuck = deliver(socketPath(), large, { clock, timeoutMs: 1_000, signal: none }).then(keep)
    await clock.advance(999)
    expect(outcomes).to.deep.equal([])
    await clock.advance(1)
    await stuck
    expect(outcomes).to.deep.equal(['stuck'])
    const aborted = deliver(socketPath(), large, { clock, timeoutMs: 1_000, signal: abort.signal }).then(keep)
    await settle()
    abort.abort()
    await aborted
    expect(outcomes).to.deep.equal(['stuck', 'aborted'])
    expect(clock.pendingCount).to.equal(0)
    for (const peer of peers) peer.destroy()
    await new Promise((resolve) => server.close(resolve))
  })
})
