// Which status a failed call is answered with where the program decides, and what is said where its decision is none.
import { expect } from 'chai'
import { ActionError, BusyError, ServerError } from 'isock'
import { NotFoundError } from 'isock/data'
import { IsockError } from '../../../lib/core/base/errors.ts'
import { silentLogger } from '../../../lib/core/base/log.ts'
import { setRemote } from '../../../lib/core/base/remote.ts'
import { ErrorAnswers } from '../../../lib/gateways/http/error-answer.ts'

class OutOfStock extends ActionError {}

describe('The status of a failed call over HTTP', () => {
  let logged: string[]

  const answers = (statusOf?: (error: { name: string }) => unknown) =>
    new ErrorAnswers(
      statusOf as never,
      {
        exposeErrors: true,
        log: {
          ...silentLogger,
          error: (fields: object, message: string) => {
            logged.push(`${message}: ${((fields as { error: Error }).error as Error).message}`)
          },
        },
      } as never,
    )

  beforeEach(() => {
    logged = []
  })

  for (const status of [400, 418, 599])
    it(`is the ${status} that statusOf gives`, () => {
      expect(answers(() => status).answer(new OutOfStock('none left')).status).to.equal(status)
      expect(logged).to.deep.equal([])
    })

  for (const status of [399, 600, 418.5, Number.NaN, '418', null])
    it(`is 500 where statusOf gives the ${typeof status} ${String(status)}, which is logged`, () => {
      expect(answers(() => status).answer(new OutOfStock('none left')).status).to.equal(500)
      expect(logged).to.deep.equal([`statusOf failed: statusOf returned ${String(status)}; expected 400 to 599`])
    })

  it('is 500 where statusOf throws, which is logged', () => {
    const failing = answers(() => {
      throw new Error('it is broken')
    })
    expect(failing.answer(new OutOfStock('none left')).status).to.equal(500)
    expect(logged).to.deep.equal(['statusOf failed: it is broken'])
  })

  it('is that of a store where statusOf does not decide or is broken', () => {
    const given = [() => undefined, () => 1, undefined].map((statusOf) => answers(statusOf))
    expect(given.map((each) => each.answer(new NotFoundError('there is no such row', 'Row')).status)).to.deep.equal([
      404, 404, 404,
    ])
    expect(logged).to.have.length(1)
  })
})

describe('What a foreign client sees of an error', () => {
  let logged: { readonly error: unknown; readonly errorId: string }[]

  const answersOf = (exposeErrors: boolean) =>
    new ErrorAnswers(undefined, {
      exposeErrors,
      log: { ...silentLogger, error: (fields: object) => logged.push(fields as never) },
    } as never)
  const seen = (error: unknown, exposeErrors = false) => {
    const { status, body } = answersOf(exposeErrors).answer(error)
    return {
      status,
      ...(JSON.parse(String(body)) as { error: { code: string; message: string; data?: object } }).error,
    }
  }

  beforeEach(() => {
    logged = []
  })

  it('is an id where it was not meant for it, which the log shows beside the error', () => {
    const error = Object.assign(new TypeError('no such table: users'), { path: '/secret' })
    const { status, code, message, ...rest } = seen(error)
    expect([status, code]).to.deep.equal([500, 'INTERNAL'])
    const [entry] = logged
    expect(logged).to.have.length(1)
    expect(entry?.error).to.equal(error)
    expect(entry?.errorId).to.match(/^[0-9a-f]{8}$/)
    expect(message).to.equal(`the server failed; its log has the details of error ${entry?.errorId}`)
    expect(rest).to.deep.equal({ name: 'ServerError', data: { errorId: entry?.errorId } })
  })

  it('is the id of the side that threw it, which has logged it', () => {
    const error = new ServerError('the worker said too much', { code: 'WORKER_FAILED' })
    setRemote(error, { action: 'Add', address: 'tcp://127.0.0.1:1', errorId: 'abcdef01-7' })
    const { code, message } = seen(error)
    expect([code, message]).to.deep.equal([
      'INTERNAL',
      'the server failed; its log has the details of error abcdef01-7',
    ])
    expect(logged).to.deep.equal([])
  })

  for (const [what, error] of [
    ['of the gateway itself', new ServerError('the gateway is full', { code: 'INTERNAL' })],
    ['that an action threw for its callers', remotely(new OutOfStock('none left'))],
    ['about the load', remotely(new BusyError('come back'))],
    ['about the data', remotely(new IsockError('INVALID_INPUT', 'data.x must be a number'))],
    ['of a server, with a code of its own', remotely(new ServerError('it was removed', { code: 'UNKNOWN_ACTION' }))],
  ] as const)
    it(`is the error itself where it is one ${what}`, () => {
      expect(seen(error).message).to.equal(error.message)
      expect(logged).to.deep.equal([])
    })

  for (const [what, error] of [
    ['a server that failed inside', remotely(new ServerError('at /srv/x.ts', { code: 'INTERNAL' }))],
    ['the way between servers', remotely(new IsockError('LINK_LOST', 'connect 10.0.0.7'))],
  ] as const)
    it(`is nothing of ${what}`, () => {
      expect(seen(error).message).to.include('details of error 1-1')
      expect(seen(error, true).message).to.equal(error.message)
      expect(logged).to.deep.equal([])
    })

  it('is the same in an event of a stream', () => {
    const text = answersOf(false).eventText(new Error('boom'))
    expect(text).to.include('"code":"INTERNAL"')
    expect(text).not.to.include('boom')
    expect(JSON.parse(answersOf(true).eventText(new Error('boom')))).to.include({ name: 'Error', message: 'boom' })
  })
})

describe('How long a client is told to wait', () => {
  const told = (retryAfterMs: unknown): string | undefined => {
    const error = Object.assign(new BusyError('come back'), { retryAfterMs })
    const { status, headers } = new ErrorAnswers(undefined, { exposeErrors: true, log: silentLogger } as never).answer(
      error,
    )
    expect(status).to.equal(503)
    return headers['retry-after']
  }

  for (const [ms, seconds] of [
    [undefined, '1'],
    ['5000', '1'],
    [-1, '1'],
    [1_000, '1'],
    [1_001, '2'],
    [2_000, '2'],
    [999_999_999, '1000000'],
    [1e9, '1'],
    [Number.NaN, '1'],
    [Number.POSITIVE_INFINITY, '1'],
  ] as const)
    it(`is ${seconds} s where the server says ${String(ms)} ms`, () => {
      expect(told(ms)).to.equal(seconds)
    })

  it('is not said where it would not help', () => {
    const answers = new ErrorAnswers(undefined, { exposeErrors: true, log: silentLogger } as never)
    expect(answers.answer(new OutOfStock('none left')).headers).not.to.have.property('retry-after')
  })
})

function remotely<E extends Error>(error: E): E {
  setRemote(error, { action: 'Add', address: 'tcp://127.0.0.1:1', errorId: '1-1' })
  return error
}
