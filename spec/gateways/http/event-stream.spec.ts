// An event stream by itself, in virtual time: what it writes, when it waits for its client, and that nothing of it stays.
import { EventEmitter } from 'node:events'
import type { ServerResponse } from 'node:http'
import { expect } from 'chai'
import { EventStream } from '../../../lib/gateways/http/event-stream.ts'
import { settle, VirtualClock } from '../../setup/virtual-clock.ts'

/** As much of a response as a stream uses. It takes what it is given until it is told that it is full. */
class FakeResponse extends EventEmitter {
  status = 0
  headers: Record<string, string> = {}
  isFlushed = false
  text = ''
  isFull = false
  destroyed = false
  writableEnded = false

  get writableNeedDrain(): boolean {
    return this.isFull
  }

  writeHead(status: number, headers: Record<string, string>): void {
    Object.assign(this, { status, headers })
  }

  flushHeaders(): void {
    this.isFlushed = true
  }

  write(text: string): boolean {
    this.text += text
    return !this.isFull
  }

  end(): void {
    this.writableEnded = true
  }

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }

  taken(): string {
    const { text } = this
    this.text = ''
    return text
  }
}

describe('An event stream', () => {
  const limits = { keepAliveMs: 15_000, maxStallMs: 30_000 }
  let clock: VirtualClock
  let response: FakeResponse

  beforeEach(() => {
    clock = new VirtualClock()
    response = new FakeResponse()
  })

  afterEach(() => {
    if (!response.destroyed) response.destroy()
    expect(clock.pendingCount, 'timers that are left').to.equal(0)
    expect(['drain', 'close'].map((name) => response.listenerCount(name))).to.deep.equal([0, 0])
  })

  const open = (format: 'sse' | 'ndjson') =>
    new EventStream(response as unknown as ServerResponse, { clock, format, ...limits })

  it('has a head at once, which no cache keeps and no proxy holds back', () => {
    for (const [format, type] of [
      ['sse', 'text/event-stream; charset=utf-8'],
      ['ndjson', 'application/x-ndjson; charset=utf-8'],
    ] as const) {
      response = new FakeResponse()
      const stream = open(format)
      expect(response).to.include({ status: 200, isFlushed: true, text: '' })
      expect(response.headers).to.include({
        'content-type': type,
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      })
      stream.end()
      expect(response.writableEnded).to.equal(true)
      response.destroy()
    }
  })

  it('writes events with what they have of a name and an id', async () => {
    const sse = open('sse')
    expect(await sse.send('item', '{"a":1}', '7')).to.equal(true)
    expect(await sse.send(undefined, '1')).to.equal(true)
    expect(await sse.advise(2_000)).to.equal(true)
    expect(response.taken()).to.equal('id: 7\nevent: item\ndata: {"a":1}\n\ndata: 1\n\nretry: 2000\n\n')
    sse.end()
    response.destroy()
    response = new FakeResponse()
    const lines = open('ndjson')
    await lines.send('item', '{"a":1}', '7')
    await lines.send(undefined, '1')
    expect(await lines.advise(2_000)).to.equal(true)
    expect(response.taken()).to.equal('{"item":{"a":1}}\n{"message":1}\n')
  })

  it('says something in silence, so that nobody takes it for dead', async () => {
    const sse = open('sse')
    await clock.advance(14_999)
    expect(response.taken()).to.equal('')
    await clock.advance(1)
    expect(response.taken()).to.equal(': keep-alive\n\n')
    await clock.advance(15_000)
    expect(response.taken()).to.equal(': keep-alive\n\n')
    // Counted from what was said last.
    await clock.advance(10_000)
    await sse.send(undefined, '1')
    response.taken()
    await clock.advance(14_999)
    expect(response.taken()).to.equal('')
    // One that has not taken what it was sent is not sent more.
    response.isFull = true
    await clock.advance(15_000)
    expect(response.taken()).to.equal('')
    response.isFull = false
    await clock.advance(15_000)
    expect(response.taken()).to.equal(': keep-alive\n\n')
    sse.end()
    expect(clock.pendingCount).to.equal(0)
    response.destroy()
    response = new FakeResponse()
    const lines = open('ndjson')
    await clock.advance(30_000)
    expect(response.taken(), 'empty lines').to.equal('\n\n')
    lines.end()
  })

  it('waits until its client has taken what was sent', async () => {
    const stream = open('ndjson')
    response.isFull = true
    let isTaken: boolean | undefined
    void stream.send(undefined, '1').then((taken) => {
      isTaken = taken
    })
    await clock.advance(20_000)
    expect(isTaken).to.equal(undefined)
    response.isFull = false
    response.emit('drain')
    await settle()
    expect(isTaken).to.equal(true)
    expect(clock.pendingCount, 'its sign of life').to.equal(1)
    await clock.advance(60_000)
    expect(response.destroyed).to.equal(false)
  })

  it('ends with a client that takes nothing for too long, and has time for what is large', async () => {
    for (const [length, limitMs] of [
      [1_600, 30_100],
      [1_600_000, 130_000],
    ] as const) {
      response = new FakeResponse()
      const stream = open('ndjson')
      response.isFull = true
      const sent = stream.send(undefined, `"${'x'.repeat(length - '{"message":""}\n'.length)}"`)
      await clock.advance(limitMs - 1)
      expect(response.destroyed).to.equal(false)
      await clock.advance(1)
      expect(response.destroyed).to.equal(true)
      expect(await sent).to.equal(false)
      expect(clock.pendingCount).to.equal(0)
    }
  })

  it('is over where its client has gone, whoever says so', async () => {
    const stream = open('sse')
    response.isFull = true
    const sent = stream.send(undefined, '1')
    response.destroy()
    expect(await sent).to.equal(false)
    response.taken()
    expect(await stream.send(undefined, '2')).to.equal(false)
    stream.end()
    expect([response.taken(), response.writableEnded]).to.deep.equal(['', false])
    response = new FakeResponse()
    const ended = open('sse')
    ended.end()
    expect(await ended.send(undefined, '2')).to.equal(false)
    expect(response.taken()).to.equal('')
    await clock.advance(60_000)
    expect(response.taken()).to.equal('')
  })
})
