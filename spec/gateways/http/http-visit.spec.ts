// One request: its headers and timeout, and how it ends when its client goes or its place is needed.
import { EventEmitter } from 'node:events'
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import { expect } from 'chai'
import { BusyError, CancelledError } from 'isock'
import type { Peer } from '../../../lib/core/link/link.ts'
import { HttpError } from '../../../lib/gateways/http/error-answer.ts'
import { HttpVisit } from '../../../lib/gateways/http/http-visit.ts'
import type { RequestPlace } from '../../../lib/gateways/http/request-places.ts'

class FakeResponse extends EventEmitter {
  writableFinished = false
  headersSent = false
  writableNeedDrain = false
  destroyed = false

  destroy(): void {
    this.destroyed = true
  }
}

const peer: Peer = { transport: 'http', description: 'a client', isPrivate: false }

function visitOf(headers: IncomingHttpHeaders = {}, headersDistinct: NodeJS.Dict<string[]> = {}) {
  const response = new FakeResponse()
  const request = { headers, headersDistinct } as IncomingMessage
  const url = new URL('http://isock/actions')
  const visit = new HttpVisit({ request, url, peer } as never, response as unknown as ServerResponse)
  return { visit, response, request, url }
}

const faultOf = (run: () => unknown) => {
  try {
    return run()
  } catch (error) {
    return error instanceof HttpError ? [error.status, error.code, error.message] : error
  }
}

describe('A visit over HTTP', () => {
  it('has what it was made of, and no place at first', () => {
    const { visit, request, response, url } = visitOf()
    expect([visit.request, visit.response, visit.url, visit.peer]).to.deep.equal([request, response, url, peer])
    expect(visit.request).to.equal(request)
    expect([visit.place, visit.isStream, visit.signal.aborted]).to.deep.equal([undefined, false, false])
  })

  it('is cancelled where the client goes before the whole answer is sent', () => {
    const { visit, response } = visitOf()
    response.emit('close')
    expect(visit.signal.aborted).to.equal(true)
    expect(visit.signal.reason).to.be.instanceOf(CancelledError)
    expect(visit.signal.reason.message).to.equal('the client of the request disconnected')
  })

  it('is not cancelled by the close after the answer', () => {
    const { visit, response } = visitOf()
    response.writableFinished = true
    response.emit('close')
    expect(visit.signal.aborted).to.equal(false)
  })

  it('becomes a stream, with a place or without', () => {
    const { visit } = visitOf()
    visit.becomeStream()
    expect(visit.isStream).to.equal(true)
  })

  it('stays what it was where there is no place for a stream', () => {
    const { visit } = visitOf()
    const full = new HttpError(503, 'BUSY', 'full')
    visit.place = {
      becomeStream() {
        throw full
      },
    } as unknown as RequestPlace
    expect(() => visit.becomeStream()).to.throw(full)
    expect(visit.isStream).to.equal(false)
  })

  for (const [headersSent, writableNeedDrain, destroyed] of [
    [false, false, false],
    [true, false, false],
    [false, true, false],
    [true, true, true],
  ] as const)
    it(`is shed with its reason${destroyed ? ', and disconnected,' : ''} where sent=${headersSent} and full=${writableNeedDrain}`, () => {
      const { visit, response } = visitOf()
      Object.assign(response, { headersSent, writableNeedDrain })
      const reason = new BusyError('no room')
      visit.shed(reason)
      expect(visit.signal.reason).to.equal(reason)
      expect(response.destroyed).to.equal(destroyed)
    })

  it('has a header that occurs once', () => {
    expect(visitOf({ a: 'x' }, { a: ['x'] }).visit.header('a')).to.equal('x')
    expect(visitOf({ a: '' }, { a: [''] }).visit.header('a')).to.equal('')
    expect(visitOf({ a: 'x' }).visit.header('a')).to.equal('x')
    expect(visitOf().visit.header('a')).to.equal(undefined)
  })

  it('refuses a header that occurs twice', () => {
    const twice = [400, 'BAD_REQUEST', 'the header a must occur only once']
    expect(faultOf(() => visitOf({ a: 'x, y' }, { a: ['x', 'y'] }).visit.header('a'))).to.deep.equal(twice)
    expect(faultOf(() => visitOf({ a: 'x' }, { a: [] }).visit.header('a'))).to.deep.equal(twice)
    expect(faultOf(() => visitOf({ a: ['x'] }, { a: ['x'] }).visit.header('a'))).to.deep.equal(twice)
  })

  it('has a timeout of whole milliseconds, or none', () => {
    const timeoutOf = (text: string) => faultOf(() => visitOf({ 'isock-timeout-ms': text }).visit.timeoutMs)
    expect(visitOf().visit.timeoutMs).to.equal(undefined)
    expect(['1', '10', '999999999'].map(timeoutOf)).to.deep.equal([1, 10, 999_999_999])
    for (const text of ['0', '01', '', '1000000000', '-1', '1.5', '1e3', ' 1', '1 ', 'x'])
      expect(timeoutOf(text)).to.deep.equal([
        400,
        'BAD_REQUEST',
        'Isock-Timeout-Ms: expected a whole number of milliseconds above 0',
      ])
  })
})
