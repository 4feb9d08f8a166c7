// How answers reach clients that do not read, and clients whose request is still arriving.
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { expect } from 'chai'
import type { Answer } from '../../lib/gateways/answer.ts'
import { closeOf, deliver, whenConnected } from '../../lib/gateways/deliver.ts'
import { settle, VirtualClock } from '../setup/virtual-clock.ts'

class FakeRequest extends EventEmitter {
  complete = false
  headers: Record<string, string> = { 'content-length': '5' }
  readonly flow: string[] = []

  pause(): void {
    this.flow.push('pause')
  }

  resume(): void {
    this.flow.push('resume')
  }
}

class FakeResponse extends EventEmitter {
  headersSent = false
  destroyed = false
  writableEnded = false
  closed = false
  socket: object | null = null
  head: unknown
  readonly sent: string[] = []

  writeHead(status: number, headers: object): void {
    this.headersSent = true
    this.head = [status, headers]
  }

  write(text: string): void {
    this.sent.push(`write ${text}`)
  }

  end(text?: string): void {
    this.writableEnded = true
    this.sent.push(text === undefined ? 'end' : `end ${text}`)
  }

  destroy(): void {
    this.destroyed = true
    this.emit('close')
  }
}

const answer: Answer = { status: 400, headers: { a: 'b' }, body: 'no' }
const headers = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', a: 'b', 'content-length': '2' }
const maxLingerBytes = 1024 * 1024

function delivered(request: Partial<FakeRequest> = {}, response: Partial<FakeResponse> = {}) {
  const clock = new VirtualClock()
  const asked = Object.assign(new FakeRequest(), request)
  const told = Object.assign(new FakeResponse(), response)
  deliver(asked as unknown as IncomingMessage, told as unknown as ServerResponse, answer, { clock, maxStallMs: 30_000 })
  return { clock, request: asked, response: told }
}

describe('The delivery of an answer', () => {
  for (const [what, given] of [
    ['complete', { complete: true }],
    ['without a body', { headers: {} }],
    ['with an empty body', { headers: { 'content-length': '0' } }],
  ] as const)
    it(`is at once for a request that is ${what}`, () => {
      const { response, request } = delivered(given)
      expect([response.head, response.sent, request.flow]).to.deep.equal([[400, headers], ['end no'], []])
    })

  for (const name of ['content-length', 'transfer-encoding'])
    it(`closes the connection where a request with ${name} is still arriving`, () => {
      const { response, request, clock } = delivered({
        headers: { [name]: name === 'content-length' ? '1' : 'chunked' },
      })
      expect(response.head).to.deep.equal([400, { ...headers, connection: 'close' }])
      expect([response.sent, request.flow]).to.deep.equal([['write no'], ['resume']])
      response.emit('close')
      request.emit('end')
      expect(clock.pendingCount).to.equal(0)
    })

  it('is none where there is nobody, or an answer already', () => {
    for (const state of [{ destroyed: true }, { headersSent: true }]) {
      const { response, clock } = delivered({ complete: true }, state)
      expect([response.sent, clock.pendingCount, response.listenerCount('close')]).to.deep.equal([[], 0, 0])
    }
  })

  for (const event of ['end', 'close'])
    it(`ends with the "${event}" of the request, once`, () => {
      const { response, request, clock } = delivered()
      const before = clock.pendingCount
      request.emit(event)
      expect([response.sent, request.flow]).to.deep.equal([
        ['write no', 'end'],
        ['resume', 'pause'],
      ])
      expect(before - clock.pendingCount).to.equal(1)
      for (const name of ['data', 'end', 'close']) expect(request.listenerCount(name), name).to.equal(0)
    })

  it('ends after a second of a request that does not end', async () => {
    const { response, clock } = delivered()
    await clock.advance(999)
    expect(response.sent).to.deep.equal(['write no'])
    await clock.advance(1)
    expect(response.sent).to.deep.equal(['write no', 'end'])
  })

  it('ends when more of the request came than is read', () => {
    const { response, request } = delivered()
    request.emit('data', new Uint8Array(maxLingerBytes - 1))
    request.emit('data', new Uint8Array(1))
    expect(response.sent).to.deep.equal(['write no'])
    request.emit('data', new Uint8Array(1))
    expect(response.sent).to.deep.equal(['write no', 'end'])
  })

  it('does not end twice', () => {
    const { response, request } = delivered()
    response.writableEnded = true
    request.emit('end')
    expect(response.sent).to.deep.equal(['write no'])
  })

  it('disconnects a client that does not read it', async () => {
    const { response, clock } = delivered({ complete: true })
    await clock.advance(29_999)
    expect(response.destroyed).to.equal(false)
    await clock.advance(10_000)
    expect(response.destroyed).to.equal(true)
    expect(clock.pendingCount).to.equal(0)
  })

  it('waits for nothing once the response has closed', () => {
    const { response, clock } = delivered({ complete: true })
    expect(clock.pendingCount).to.equal(1)
    response.emit('close')
    expect(clock.pendingCount).to.equal(0)
  })
})

describe('A response', () => {
  it('begins when it has its connection', () => {
    const response = new FakeResponse()
    const begun: unknown[][] = []
    const begin = (...given: unknown[]) => begun.push(given)
    whenConnected(response as unknown as ServerResponse, begin)
    expect(begun).to.deep.equal([])
    response.emit('socket', {})
    response.emit('socket', {})
    expect(begun).to.deep.equal([[]])
    response.socket = {}
    whenConnected(response as unknown as ServerResponse, begin)
    expect(begun).to.deep.equal([[], []])
    expect(response.listenerCount('socket')).to.equal(0)
  })

  it('is closed at once where it was, and else with its close', async () => {
    const closed = Object.assign(new FakeResponse(), { closed: true })
    await closeOf(closed as unknown as ServerResponse)
    expect(closed.listenerCount('close')).to.equal(0)
    const open = new FakeResponse()
    const states: string[] = []
    const closing = closeOf(open as unknown as ServerResponse).then(() => states.push('closed'))
    await settle()
    expect(states).to.deep.equal([])
    open.emit('close')
    await closing
    expect(states).to.deep.equal(['closed'])
  })
})
