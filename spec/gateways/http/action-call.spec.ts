// How a call for a request ends: each call that has begun to stream is ended, however its response ends.
import { expect } from 'chai'
import type { FeatureClient } from '../../../lib/facade/feature-client.ts'
import { type ActionCall, runAction } from '../../../lib/gateways/http/action-call.ts'
import { HttpError } from '../../../lib/gateways/http/error-answer.ts'
import type { EventStream } from '../../../lib/gateways/http/event-stream.ts'
import { failureOf } from '../../setup/world.ts'

describe('A call for an HTTP request', () => {
  let sent: string[]
  let isOver: boolean
  let mostSent: number

  beforeEach(() => {
    sent = []
    isOver = false
    mostSent = Number.POSITIVE_INFINITY
  })

  async function* items(values: readonly unknown[], result: unknown): AsyncGenerator<unknown, unknown> {
    try {
      for (const value of values) {
        // Its reader gets no more of it.
        if (value instanceof Error) throw value
        yield value
      }
      return result
    } finally {
      // After what waits for it, if anything does.
      for (let turn = 0; turn < 5; turn++) await null
      isOver = true
    }
  }

  const stream = {
    send: async (event: string, text: string) => {
      for (let turn = 0; turn < 3; turn++) await null
      sent.push(`${event} ${text}`)
      return sent.length < mostSent
    },
    end: () => void sent.push('end'),
  } as unknown as EventStream

  const run = (values: readonly unknown[], more: Partial<ActionCall> = {}) =>
    runAction({
      client: { runAction: () => items(values, 'result') } as unknown as FeatureClient,
      name: 'Count',
      data: undefined,
      signal: new AbortController().signal,
      timeoutMs: undefined,
      accepted: { stream: undefined, streamIfNeeded: 'ndjson', format: undefined, bytes: false },
      format: 'plain',
      errors: { eventText: (error: Error) => error.message } as unknown as ActionCall['errors'],
      openStream: () => stream,
      ...more,
    })

  it('has ended when its client is told that it accepts no stream', async () => {
    const accepted = { stream: undefined, streamIfNeeded: undefined, format: undefined, bytes: false }
    expect(await failureOf(run([1, 2], { accepted })))
      .to.be.instanceOf(HttpError)
      .with.property('status', 406)
    expect(isOver).to.equal(true)
  })

  it('has ended when no stream can be opened', async () => {
    const fault = new HttpError(400, 'INVALID_USAGE', 'no streams here')
    const openStream = (): never => {
      throw fault
    }
    expect(await failureOf(run([1, 2], { openStream }))).to.equal(fault)
    expect(isOver).to.equal(true)
  })

  it('has ended when its client disconnects, or a value cannot be sent', async () => {
    mostSent = 2
    expect(await run([1, 2, 3])).to.equal(undefined)
    expect([isOver, sent]).to.deep.equal([true, ['item 1', 'item 2', 'end']])
    sent = []
    isOver = false
    mostSent = Number.POSITIVE_INFINITY
    const cyclic: unknown[] = []
    cyclic.push(cyclic)
    await run([1, cyclic, 3])
    expect([isOver, sent.length, sent.at(-1)]).to.deep.equal([true, 3, 'end'])
    expect(sent[1]).to.match(/^error /)
  })

  it('is the result alone where it has no items, as a stream if its client asks for one', async () => {
    expect(await run([])).to.include({ status: 200, body: '"result"' })
    const accepted = { stream: 'sse', streamIfNeeded: 'sse', format: undefined, bytes: false } as const
    expect(await run([], { accepted })).to.equal(undefined)
    expect(sent).to.deep.equal(['result "result"', 'end'])
  })

  it('has the deadline and the key of its request, if there are any', async () => {
    const asked: unknown[] = []
    const client = {
      runAction: (name: string, data: unknown, options: object) => {
        asked.push([name, data, options])
        return items([], undefined)
      },
    } as unknown as FeatureClient
    const { signal } = new AbortController()
    await run([], { client, data: 5, signal, timeoutMs: 300, storedKey: 'k' })
    await run([], { client, signal })
    expect(asked).to.deep.equal([
      ['Count', 5, { signal, key: 'k', timeoutMs: 300 }],
      ['Count', undefined, { signal, key: undefined }],
    ])
  })

  it('sends all items and the result, or the error after them', async () => {
    await run([1, 2])
    await run([1, new Error('no more')])
    expect(sent).to.deep.equal(['item 1', 'item 2', 'result "result"', 'end', 'item 1', 'error no more', 'end'])
  })
})
