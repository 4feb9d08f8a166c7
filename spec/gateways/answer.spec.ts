// An answer before it is sent: how it is made, how much it holds, and what of it is sent.
import type { ServerResponse } from 'node:http'
import { expect } from 'chai'
import {
  type Answer,
  answerSize,
  commonHeaders,
  jsonAnswer,
  sendAnswer,
  textAnswer,
} from '../../lib/gateways/answer.ts'

class FakeResponse {
  headersSent = false
  destroyed = false
  readonly calls: unknown[][] = []

  writeHead(...given: unknown[]): void {
    this.calls.push(['head', ...given])
  }

  end(...given: unknown[]): void {
    this.calls.push(['end', ...given])
  }

  write(...given: unknown[]): void {
    this.calls.push(['write', ...given])
  }
}

function sent(answer: Answer, end?: 'end' | 'open', state: Partial<FakeResponse> = {}): unknown[][] {
  const response = Object.assign(new FakeResponse(), state)
  sendAnswer(response as unknown as ServerResponse, answer, end)
  return response.calls
}

const common = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }

describe('An answer', () => {
  it('is made of JSON or of text', () => {
    const type = 'application/json; charset=utf-8'
    expect(jsonAnswer(200, '{}')).to.deep.equal({ status: 200, headers: { 'content-type': type }, body: '{}' })
    expect(jsonAnswer(405, '{}', { allow: 'GET' })).to.deep.equal({
      status: 405,
      headers: { 'content-type': type, allow: 'GET' },
      body: '{}',
    })
    expect(jsonAnswer(200, '{}', { 'content-type': 'a/b' }).headers).to.deep.equal({ 'content-type': 'a/b' })
    expect(textAnswer(200, 'hi', 'text/plain')).to.deep.equal({
      status: 200,
      headers: { 'content-type': 'text/plain' },
      body: 'hi',
    })
  })

  it('holds two bytes for each character, and the bytes of bytes', () => {
    const sizeOf = (body: Answer['body']) => answerSize({ status: 200, headers: {}, body })
    expect([sizeOf('abc'), sizeOf(''), sizeOf(new Uint8Array(5)), sizeOf(undefined)]).to.deep.equal([6, 0, 5, 0])
  })

  it('is sent with its headers above the common ones, and its length in bytes', () => {
    expect(commonHeaders).to.deep.equal(common)
    expect(sent({ status: 200, headers: { 'cache-control': 'no-cache', a: 'b' }, body: 'ä' })).to.deep.equal([
      ['head', 200, { ...common, 'cache-control': 'no-cache', a: 'b', 'content-length': '2' }],
      ['end', 'ä'],
    ])
    const bytes = new Uint8Array(3)
    expect(sent({ status: 500, headers: { 'content-length': '9' }, body: bytes }, 'end')).to.deep.equal([
      ['head', 500, { ...common, 'content-length': '3' }],
      ['end', bytes],
    ])
    expect(sent({ status: 202, headers: {}, body: undefined })).to.deep.equal([
      ['head', 202, { ...common, 'content-length': '0' }],
      ['end', ''],
    ])
  })

  for (const status of [204, 304])
    it(`has no length with ${status}`, () => {
      expect(sent({ status, headers: {}, body: undefined })).to.deep.equal([
        ['head', status, common],
        ['end', ''],
      ])
    })

  for (const status of [203, 205, 303, 305])
    it(`has a length with ${status}`, () => {
      expect(sent({ status, headers: {}, body: '' })[0]).to.deep.equal([
        'head',
        status,
        { ...common, 'content-length': '0' },
      ])
    })

  it('is left open where it says so', () => {
    expect(sent({ status: 200, headers: {}, body: 'a' }, 'open')).to.deep.equal([
      ['head', 200, { ...common, 'content-length': '1' }],
      ['write', 'a'],
    ])
  })

  it('is not sent twice, nor to nobody', () => {
    expect(sent({ status: 200, headers: {}, body: 'a' }, 'end', { headersSent: true })).to.deep.equal([])
    expect(sent({ status: 200, headers: {}, body: 'a' }, 'end', { destroyed: true })).to.deep.equal([])
  })
})
