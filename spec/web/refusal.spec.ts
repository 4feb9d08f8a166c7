// How requests and upgrades are answered that are not taken, and how one is put back that asks for another protocol in vain.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { refuseRequest, refuseUpgrade, unreadWithoutUpgrade } from '../../lib/features/web/refusal.ts'
import { settle } from '../setup/virtual-clock.ts'

const textOf = (stream: PassThrough): string => (stream.read() as Buffer | null)?.toString('latin1') ?? ''

describe('refuseUpgrade', () => {
  it('answers with the status and the reason, and closes when that is written', async () => {
    const stream = new PassThrough({ autoDestroy: false }) // as a socket whose peer stays
    let answered = 0
    refuseUpgrade(stream, { status: 403, message: 'nö', onAnswered: () => answered++ })
    expect(stream.destroyed).to.equal(false)
    expect(textOf(stream)).to.equal(
      Buffer.from(
        'HTTP/1.1 403 Refused\r\nconnection: close\r\ncontent-type: text/plain; charset=utf-8\r\ncontent-length: 4\r\n\r\nnö\n',
      ).toString('latin1'),
    )
    await settle()
    expect(stream.destroyed).to.equal(true)
    expect(answered).to.equal(1)
  })

  it('needs nobody who is called', () => {
    const stream = new PassThrough()
    refuseUpgrade(stream, { status: 403, message: 'no' })
    expect(textOf(stream)).to.include('403')
  })

  it('writes nothing where the stream is destroyed, or ended already', async () => {
    const [destroyed, ended] = [new PassThrough().destroy(), new PassThrough().end()]
    const failures: unknown[] = []
    for (const stream of [destroyed, ended]) {
      stream.on('error', (error) => failures.push(error))
      refuseUpgrade(stream, { status: 403, message: 'no' })
      await settle()
      expect(stream.readableLength).to.equal(0)
    }
    expect(ended.listenerCount('finish'), 'who waits for the end').to.equal(0)
    expect(failures).to.deep.equal([])
  })
})

describe('refuseRequest', () => {
  class Response {
    head: unknown[] = []
    body: unknown
    writeHead(...head: unknown[]): this {
      this.head = head
      return this
    }
    end(body: unknown): void {
      this.body = body
    }
  }

  it('answers with the status and the reason', () => {
    const response = new Response()
    let answered = 0
    const refusal = { status: 404, message: 'nothing is here', onAnswered: () => answered++ }
    refuseRequest(response as unknown as ServerResponse, refusal)
    expect(response.head).to.deep.equal([404, { 'content-type': 'text/plain; charset=utf-8' }])
    expect(response.body).to.equal('nothing is here\n')
    expect(answered).to.equal(1)
    refuseRequest(response as unknown as ServerResponse, { status: 400, message: 'no' })
    expect(response.head[0]).to.equal(400)
  })

  it('leaves the request alone where nothing is refused', () => {
    const response = new Response()
    refuseRequest(response as unknown as ServerResponse, undefined)
    expect(response).to.deep.equal(new Response())
  })
})

describe('unreadWithoutUpgrade', () => {
  it('puts the request back without the wish, as the last one of its connection, before what came behind it', () => {
    const stream = new PassThrough()
    const rawHeaders = [
      'Host',
      'a',
      'Connection',
      'Upgrade',
      'UPGRADE',
      'h2c',
      'HTTP2-Settings',
      'AAMA',
      'X-Upgrade',
      'é',
    ]
    const request = { method: 'GET', url: '/a?b', httpVersion: '1.1', rawHeaders } as unknown as IncomingMessage
    unreadWithoutUpgrade(request, stream, Buffer.from('body'))
    expect(textOf(stream)).to.equal('GET /a?b HTTP/1.1\r\nconnection: close\r\nHost: a\r\nX-Upgrade: é\r\n\r\nbody')
  })
})
