// What a client sees of an error over HTTP: the status by its kind, the headers, and the fields of the body.
import { expect } from 'chai'
import {
  ActionError,
  AuthError,
  BusyError,
  CancelledError,
  ClientError,
  DeadlineError,
  IsockError,
  OutcomeUnknownError,
  RemoteError,
  ServerError,
  ValidationError,
} from 'isock'
import { AmbiguousError, ConflictError, InvalidDataError, NotFoundError, StoreUnavailableError } from 'isock/data'
import { silentLogger } from '../../../lib/core/base/log.ts'
import { WebRefusal } from '../../../lib/features/web/gateway.ts'
import { AdmissionRefusal } from '../../../lib/gateways/admission.ts'
import { ErrorAnswers, type FailedCall, HttpError, retryAfter } from '../../../lib/gateways/http/error-answer.ts'

class OutOfStock extends ActionError {
  readonly left: unknown
  constructor(left: unknown, options?: { code?: string; cause?: unknown; notStarted?: boolean }) {
    super('none left', options)
    this.left = left
  }
}

const host = { exposeErrors: true, log: silentLogger }
const answers = new ErrorAnswers(undefined, host)
const statusOf = (error: unknown) => answers.answer(error).status
const headersOf = (error: unknown) => {
  const { 'content-type': _type, ...rest } = answers.answer(error).headers
  return rest
}
const bodyOf = (error: unknown): unknown => JSON.parse(String(answers.answer(error).body))

describe('The answer for an error', () => {
  it('has the status of an error of the library', () => {
    expect(
      [
        new AuthError('no'),
        new BusyError('no'),
        new CancelledError('no'),
        new DeadlineError('no'),
        new OutcomeUnknownError('no'),
        new ValidationError('no', []),
        new ValidationError('no', [], { code: 'INVALID_OUTPUT' }),
        new ServerError('no', { code: 'UNKNOWN_ACTION' }),
        new ClientError('no', { code: 'CLOSED' }),
        new ServerError('no', { code: 'INTERNAL' }),
        new IsockError('toString', 'no'),
      ].map(statusOf),
    ).to.deep.equal([403, 503, 499, 504, 502, 400, 500, 404, 503, 500, 500])
  })

  it('is 500 for errors of actions, whatever their code, and for errors of others', () => {
    const remote = new RemoteError({ name: 'Far', message: 'no', code: 'UNKNOWN_ACTION' })
    expect(
      [new OutOfStock(1), new OutOfStock(1, { code: 'UNKNOWN_ACTION' }), remote, new Error('no'), 'text'].map(statusOf),
    ).to.deep.equal([500, 500, 500, 500, 500])
  })

  it('has the status of an error of the data', () => {
    const errors = [
      Object.create(NotFoundError.prototype),
      Object.create(ConflictError.prototype),
      Object.create(AmbiguousError.prototype),
      Object.create(InvalidDataError.prototype),
      Object.create(StoreUnavailableError.prototype),
    ]
    expect(errors.map(statusOf)).to.deep.equal([404, 409, 400, 400, 503])
  })

  it('asks statusOf only where the library does not know the status, with what failed', () => {
    const asked: FailedCall[] = []
    const asking = new ErrorAnswers((error) => {
      asked.push(error)
      return 418
    }, host)
    const given = [new BusyError('no'), new HttpError(404, 'X', 'no'), new OutOfStock(2, { code: 'EMPTY' })]
    expect(given.map((error) => asking.answer(error).status)).to.deep.equal([503, 404, 418])
    expect(asked).to.deep.equal([{ name: 'OutOfStock', message: 'none left', code: 'EMPTY', data: { left: 2 } }])
  })

  it('asks statusOf for an error that is hidden, but shows no more of it', () => {
    const hiding = new ErrorAnswers(({ message }) => (message === 'secret' ? 409 : 410), {
      ...host,
      exposeErrors: false,
    })
    const { status, body } = hiding.answer(new Error('secret'))
    expect(status).to.equal(409)
    expect(String(body)).to.include('"code":"INTERNAL"').and.not.include('secret')
    const event = hiding.eventText(new Error('secret'))
    expect(event).to.include('"code":"INTERNAL"').and.not.include('secret')
  })

  it('says when to come back, in whole seconds, for 503 alone', () => {
    const after = (retryAfterMs?: number) => headersOf(new BusyError('no', { retryAfterMs }))['retry-after']
    expect([undefined, 0, 1_000, 1_001, 2_000, 2_001, 999_999_999, 1e9, Number.NaN].map(after)).to.deep.equal([
      '1',
      '1',
      '1',
      '2',
      '2',
      '3',
      '1000000',
      '1',
      '1',
    ])
    expect(retryAfter).to.deep.equal({ 'retry-after': '1' })
    expect(headersOf(new ServerError('no', { code: 'SHUTTING_DOWN' }))).to.deep.equal({ 'retry-after': '1' })
    expect(headersOf(new DeadlineError('no'))).to.deep.equal({})
    expect(headersOf(new OutOfStock(1))).to.deep.equal({})
  })

  it('has the headers and the code of a refusal', () => {
    expect(headersOf(new HttpError(405, 'METHOD_NOT_ALLOWED', 'no', { allow: 'POST' }))).to.deep.equal({
      allow: 'POST',
    })
    expect(headersOf(new HttpError(503, 'BUSY', 'no'))).to.deep.equal({})
    expect(headersOf(new WebRefusal(401, 'no'))).to.deep.equal({ 'www-authenticate': 'Bearer realm="isock"' })
    expect(headersOf(new WebRefusal(503, 'no'))).to.deep.equal({ 'retry-after': '1' })
    expect(headersOf(new WebRefusal(400, 'no'))).to.deep.equal({})
    expect(bodyOf(new WebRefusal(400, 'no'))).to.deep.equal({
      error: { name: 'HttpError', code: 'BAD_REQUEST', message: 'no' },
    })
    const refused = new AdmissionRefusal(409, 'NAME_TAKEN', 'no', new Error('secret'))
    expect(statusOf(refused)).to.equal(409)
    expect(bodyOf(refused)).to.deep.equal({ error: { name: 'HttpError', code: 'NAME_TAKEN', message: 'no' } })
  })

  it('is JSON', () => {
    expect(answers.answer(new OutOfStock(1)).headers).to.deep.equal({
      'content-type': 'application/json; charset=utf-8',
    })
  })
})

describe('The body for an error', () => {
  it('has its name, code, message and own fields', () => {
    expect(bodyOf(new OutOfStock(3, { code: 'EMPTY', cause: new Error('secret') }))).to.deep.equal({
      error: { name: 'OutOfStock', code: 'EMPTY', message: 'none left', data: { left: 3 } },
    })
    expect(answers.eventText(new OutOfStock(3))).to.equal(
      '{"name":"OutOfStock","code":"ACTION_ERROR","message":"none left","data":{"left":3}}',
    )
  })

  it('has a code for an error without one, and a number as text', () => {
    const coded = (code: unknown) => Object.assign(new Error('no'), { code })
    const codes = [undefined, 5, 0, 'E', null, {}].map((code) => (bodyOf(coded(code)) as { error: object }).error)
    expect(codes).to.deep.equal(
      ['REMOTE_ERROR', '5', '0', 'E', 'REMOTE_ERROR', 'REMOTE_ERROR'].map((code) => ({
        name: 'Error',
        code,
        message: 'no',
      })),
    )
  })

  it('leaves out fields that are not for clients', () => {
    const hidden = ['name', 'message', 'code', 'stack', 'cause', 'notStarted', 'issues', 'isDeclared']
    const error = new Error('no')
    for (const name of hidden)
      Object.defineProperty(error, name, { value: 'x', enumerable: true, configurable: true, writable: true })
    expect(bodyOf(error)).to.deep.equal({ error: { name: 'x', code: 'x', message: 'x' } })
    expect(bodyOf(Object.assign(error, { shown: 1 }))).to.deep.equal({
      error: { name: 'x', code: 'x', message: 'x', data: { shown: 1 } },
    })
  })

  it('leaves out fields that cannot be written', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    expect(bodyOf(new OutOfStock(cycle))).to.deep.equal({
      error: { name: 'OutOfStock', code: 'ACTION_ERROR', message: 'none left' },
    })
    expect(bodyOf(new ValidationError('no', [cycle as never]))).to.deep.equal({
      error: { name: 'ValidationError', code: 'INVALID_INPUT', message: 'no', issues: [] },
    })
  })

  it('has the data of a remote error, not its fields', () => {
    const remote = new RemoteError({ name: 'Far', message: 'no', code: 7, data: { a: 1, stack: 'secret' } })
    expect(bodyOf(remote)).to.deep.equal({ error: { name: 'Far', code: '7', message: 'no', data: { a: 1 } } })
  })

  it('has the issues of a validation, and that the handler did not start', () => {
    const error = new ValidationError('no', [{ message: 'too small', path: ['a', 0] }], { notStarted: true })
    expect(bodyOf(error)).to.deep.equal({
      error: {
        name: 'ValidationError',
        code: 'INVALID_INPUT',
        message: 'no',
        issues: [{ message: 'too small', path: ['a', 0] }],
        notStarted: true,
      },
    })
    expect(bodyOf(new OutOfStock(1, { notStarted: true }))).to.have.nested.property('error.notStarted', true)
  })

  it('shows what was thrown that is no error', () => {
    expect(bodyOf('text')).to.deep.equal({
      error: {
        name: 'Error',
        code: 'REMOTE_ERROR',
        message: 'the action threw a non-Error value',
        data: { thrown: 'text' },
      },
    })
  })
})
