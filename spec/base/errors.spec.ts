// What every error of the package has: its code, whether the handler certainly did not start, its cause, and its name.
import { expect } from 'chai'
import {
  ActionError,
  AuthError,
  BusyError,
  CancelledError,
  ClientError,
  DeadlineError,
  IsockError,
  invalidUsage,
  LinkError,
  OutcomeUnknownError,
  ProtocolError,
  RemoteError,
  ServerError,
  UnsendableError,
  ValidationError,
} from '../../lib/core/base/errors.ts'
import { errorIdOf, remoteOf, setRemote } from '../../lib/core/base/remote.ts'
import {
  AmbiguousError,
  ConflictError,
  InvalidDataError,
  NotFoundError,
  StoreUnavailableError,
} from '../../lib/features/data/data-errors.ts'

describe('An error of the package', () => {
  const cause = new RangeError('why')
  const made: [string, string, boolean, IsockError, IsockError][] = [
    ['ClientError', 'INVALID_USAGE', false, new ClientError('m'), new ClientError('m', { cause })],
    ['ServerError', 'INTERNAL', false, new ServerError('m'), new ServerError('m', { cause })],
    ['ActionError', 'ACTION_ERROR', false, new ActionError('m'), new ActionError('m', { cause })],
    ['ValidationError', 'INVALID_INPUT', false, new ValidationError('m', []), new ValidationError('m', [], { cause })],
    ['AuthError', 'UNAUTHENTICATED', true, new AuthError('m'), new AuthError('m', { cause })],
    ['DeadlineError', 'DEADLINE_EXCEEDED', false, new DeadlineError('m'), new DeadlineError('m', { cause })],
    ['CancelledError', 'CANCELLED', false, new CancelledError('m'), new CancelledError('m', { cause })],
    [
      'OutcomeUnknownError',
      'OUTCOME_UNKNOWN',
      false,
      new OutcomeUnknownError('m'),
      new OutcomeUnknownError('m', { cause }),
    ],
    ['BusyError', 'BUSY', true, new BusyError('m'), new BusyError('m', { cause })],
    ['ProtocolError', 'PROTOCOL', false, new ProtocolError('m'), new ProtocolError('m', { cause })],
    ['LinkError', 'LINK_LOST', false, new LinkError('m'), new LinkError('m', { cause })],
    ['NotFoundError', 'NOT_FOUND', false, new NotFoundError('m', 'M'), new NotFoundError('m', 'M', { cause })],
    [
      'StoreUnavailableError',
      'STORE_UNAVAILABLE',
      false,
      new StoreUnavailableError('m'),
      new StoreUnavailableError('m', { cause }),
    ],
  ]

  for (const [name, code, notStarted, error, caused] of made)
    it(`is a ${name} with the code ${code}`, () => {
      expect([error.name, error.message, error.code, error.notStarted]).to.deep.equal([name, 'm', code, notStarted])
      expect(error).to.be.instanceOf(IsockError)
      expect(Object.hasOwn(error, 'cause')).to.equal(false)
      expect(caused.cause).to.equal(cause)
      expect(Object.keys(error)).to.not.include('name')
    })

  it('says whether its handler started where the one who makes it knows', () => {
    expect(new DeadlineError('m', { notStarted: true }).notStarted).to.equal(true)
    expect(new BusyError('m', { notStarted: false }).notStarted).to.equal(false)
    expect(new AuthError('m', { notStarted: false }).notStarted).to.equal(false)
  })

  it('takes another code where its class has several', () => {
    expect(new ClientError('m', { code: 'CLOSED' }).code).to.equal('CLOSED')
    expect(new ServerError('m', { code: 'SHUTTING_DOWN' }).code).to.equal('SHUTTING_DOWN')
    expect(new ActionError('m', { code: 'MINE' }).code).to.equal('MINE')
    expect(new ValidationError('m', [], { code: 'INVALID_OUTPUT' }).code).to.equal('INVALID_OUTPUT')
    expect(new UnsendableError('data', 'why', { code: 'TOO_LARGE' }).code).to.equal('TOO_LARGE')
  })

  it('has the name of the class that was made', () => {
    class OutOfStock extends ActionError {}
    expect(new OutOfStock('m').name).to.equal('OutOfStock')
  })

  it('says what was refused where a program is wrong, before anything happens', () => {
    const error = invalidUsage('m')
    expect([error.code, error.notStarted]).to.deep.equal(['INVALID_OPTION', true])
  })

  it('keeps the issues of a value, and the path of one that cannot be sent', () => {
    const issues = [{ message: 'too short', path: ['name'] }]
    expect(new ValidationError('m', issues).issues).to.equal(issues)
    const error = new UnsendableError('data.x', 'it is a function')
    expect([error.path, error.message, error.code]).to.deep.equal([
      'data.x',
      'cannot send data.x: it is a function',
      'UNSENDABLE',
    ])
  })

  it('keeps of one that was thrown elsewhere what it had', () => {
    const bare = new RemoteError({ name: 'TypeError', message: 'm' })
    expect([bare.name, bare.code, bare.isDeclared, bare.data]).to.deep.equal(['TypeError', 'REMOTE_ERROR', false, {}])
    const data = { left: 1 }
    const full = new RemoteError({ name: 'N', message: 'm', code: 7, data, cause, isDeclared: true })
    expect([full.code, full.isDeclared, full.data, full.cause]).to.deep.equal(['7', true, data, cause])
    expect(Object.keys(full)).to.not.include('isDeclared')
  })
})

describe('An error of a store', () => {
  it('says where it happened', () => {
    expect(new NotFoundError('m', 'User').model).to.equal('User')
    const conflict = new ConflictError('m', { model: 'User', field: 'email' })
    expect([conflict.code, conflict.model, conflict.field]).to.deep.equal(['CONFLICT', 'User', 'email'])
    const many = new AmbiguousError('m', 'User', 3)
    expect([many.code, many.model, many.count]).to.deep.equal(['AMBIGUOUS', 'User', 3])
    const invalid = new InvalidDataError('m', { model: 'User', field: 'age', row: 2 })
    expect([invalid.code, invalid.model, invalid.field, invalid.row]).to.deep.equal(['INVALID_DATA', 'User', 'age', 2])
  })

  it('says nothing where the store does not tell', () => {
    for (const error of [new ConflictError('m'), new InvalidDataError('m')])
      expect([error.model, error.field]).to.deep.equal([undefined, undefined])
  })
})

describe('Where an error came from', () => {
  const remote = { action: 'pay', address: 'tcp://127.0.0.1:1', errorId: 'abc-1' }

  it('is found on what the other side sent, and on nothing else', () => {
    const error = new TypeError('m')
    expect(remoteOf(error)).to.equal(undefined)
    setRemote(error, remote)
    expect(remoteOf(error)).to.equal(remote)
    expect(Object.keys(error)).to.deep.equal([])
    expect(remoteOf({ remote })).to.equal(undefined)
  })

  it('names a call by the first characters of its session', () => {
    expect(errorIdOf('0123456789abcdef', 42)).to.equal('01234567-42')
  })
})
