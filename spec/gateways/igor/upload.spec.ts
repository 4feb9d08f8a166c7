// An upload that is given up while a piece of it is being written: nothing goes on behind its back.
import { EventEmitter } from 'node:events'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { WebRefusal } from '../../../lib/features/web/gateway.ts'
import { upload } from '../../../lib/gateways/igor/upload.ts'
import { VirtualClock } from '../../setup/virtual-clock.ts'
import { waitFor } from '../../setup/wait-for.ts'

class Request extends EventEmitter {
  destroyed = false
  complete = false
  resumeCount = 0
  pause(): this {
    return this
  }
  resume(): this {
    this.resumeCount++
    return this
  }
}

describe('The Igor gateway: an upload', () => {
  let directory: string

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'upload-'))
  })

  afterEach(() => rmSync(directory, { recursive: true }))

  const begin = () => {
    const [clock, request, abort] = [new VirtualClock(), new Request(), new AbortController()]
    const place = { directory, file: join(directory, 'a.txt') }
    const options = { place, maxBytes: 100_000_000, idleMs: 1_000, clock, signal: abort.signal }
    const outcome = upload(request as unknown as IncomingMessage, options).catch(({ status }: WebRefusal) => status)
    return { clock, request, abort, outcome }
  }

  it('leaves no timer and does not read on when it is given up in the middle of a write', async () => {
    const { clock, request, abort, outcome } = begin()
    await waitFor(() => request.listenerCount('data') === 1)
    request.emit('data', Buffer.alloc(30_000_000))
    abort.abort()
    expect(await outcome).to.equal(503)
    expect([clock.pendingCount, request.resumeCount]).to.deep.equal([0, 0])
    expect(readdirSync(directory)).to.deep.equal([])
  })

  it('is given up at once where its client has left before it is read, and not where all of it has come', async () => {
    const left = begin()
    left.request.destroyed = true
    expect(await left.outcome).to.equal(400)
    const { clock, request, outcome } = begin()
    Object.assign(request, { destroyed: true, complete: true })
    await waitFor(() => request.listenerCount('end') === 1)
    request.emit('end')
    expect(await outcome).to.equal('created')
    expect([clock.pendingCount, left.clock.pendingCount, left.request.listenerCount('data')]).to.deep.equal([0, 0, 0])
    expect(readdirSync(directory)).to.deep.equal(['a.txt'])
  })

  it('is given up where a byte comes now and then', async () => {
    const { clock, request, outcome } = begin()
    await waitFor(() => request.listenerCount('data') === 1)
    for (let n = 1; n <= 3 && request.listenerCount('data') === 1; n++) {
      await clock.advance(900)
      request.emit('data', Buffer.from('x'))
      await waitFor(() => request.resumeCount === n || request.listenerCount('data') === 0)
    }
    expect([request.listenerCount('data'), request.resumeCount]).to.deep.equal([0, 1])
    expect([await outcome, clock.pendingCount]).to.deep.equal([408, 0])
    expect(readdirSync(directory)).to.deep.equal([])
  })

  it('goes on where it is slow', async () => {
    const { clock, request, outcome } = begin()
    await waitFor(() => request.listenerCount('data') === 1)
    for (let n = 1; n <= 10; n++) {
      await clock.advance(900)
      request.emit('data', Buffer.alloc(16_000))
      await waitFor(() => request.resumeCount === n)
    }
    request.emit('end')
    expect(await outcome).to.equal('created')
  })

  it('reads on when a piece is written', async () => {
    const { clock, request, outcome } = begin()
    await waitFor(() => request.listenerCount('data') === 1)
    request.emit('data', Buffer.from('one'))
    await waitFor(() => request.resumeCount === 1)
    request.emit('end')
    expect([await outcome, clock.pendingCount]).to.deep.equal(['created', 0])
    expect(readdirSync(directory)).to.deep.equal(['a.txt'])
  })
})
