// What a handler throws that its action does not declare: how little of it travels, and who hears of the rest.

import { inspect } from 'node:util'
import { expect } from 'chai'
import { mostErrors } from '../../lib/core/base/log.ts'
import { NotFoundError } from '../../lib/data.ts'
import {
  Action,
  ActionError,
  CancelledError,
  type Context,
  type Logger,
  RemoteError,
  remoteOf,
  type ServerOptions,
  UnsendableError,
} from '../../lib/index.ts'
import { createHarness, type Harness } from '../../lib/testing/harness.ts'
import { printedBy } from '../setup/printed.ts'
import { waitFor } from '../setup/wait-for.ts'

const secret = { config: { headers: { Authorization: 'Bearer secret' } } }

/** As libraries make them: with a request, its credentials, a code. */
function leaky<E extends Error>(error: E): E {
  return Object.assign(error, secret, { code: 'E_AWAY' })
}

class Driver extends Error {}
class Declared extends Error {
  readonly kept = 'kept'
}
class OnPurpose extends ActionError {
  readonly kept = 'kept'
}

const errors: Readonly<Record<string, () => unknown>> = {
  error: () => leaky(new Error('away', { cause: leaky(new Error('inner')) })),
  type: () => leaky(new TypeError('away', { cause: secret })),
  driver: () => leaky(new Driver('away', { cause: leaky(new Error('inner')) })),
  aggregate: () => leaky(new AggregateError([leaky(new Error('inner'))], 'away')),
  remote: () => new RemoteError({ name: 'Far', message: 'away', code: 'E_AWAY', data: secret, cause: secret }),
  declared: () => new Declared('no', { cause: leaky(new Error('inner', { cause: secret })) }),
  purpose: () => new OnPurpose('no', { cause: leaky(new Error('inner', { cause: secret })) }),
  own: () => new NotFoundError('no', 'User'),
  cancelled: () => new CancelledError('of an inner call'),
  abort: () => Object.assign(new Error('stopped'), { name: 'AbortError' }),
  unsendable: () => new UnsendableError('result', 'it is a function'),
  object: () => ({ ...secret, message: 'away', code: 'E_AWAY', errors: [secret] }),
  nothing: () => secret,
  list: () => [secret],
  map: () => new Map([['secret', secret]]),
  text: () => 'away',
  number: () => 7,
  odd: () =>
    Object.defineProperty(new Error(), 'message', {
      get: () => {
        throw new Error('hands off')
      },
    }),
}

class Throw extends Action {
  static override errors = [Declared]

  action(what: string, _context: Context): never {
    throw (errors[what] as () => unknown)()
  }
}

async function failureOf(promise: PromiseLike<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise
  } catch (error) {
    return error as Error & Record<string, unknown>
  }
  throw new Error('it succeeded')
}

interface Line {
  readonly level: string
  readonly message: string
  readonly fields: Record<string, unknown>
}

function logInto(lines: Line[]): Logger {
  const level = (name: string) => (fields: object, message: string) =>
    void lines.push({ level: name, message, fields: fields as Record<string, unknown> })
  return { debug: level('debug'), info: () => undefined, warn: level('warn'), error: level('error') }
}

const served = (server: ServerOptions = {}): Promise<Harness> => createHarness({ actions: [new Throw()], server })

describe('an error that the action does not declare', () => {
  for (const what of ['error', 'type', 'driver', 'aggregate', 'remote']) {
    it(`travels with name, message and code only (${what})`, async () => {
      await using harness = await served()
      const error = await failureOf(harness.client.runAction(Throw, what))
      expect(error.message).to.match(/^away/)
      expect(error['code']).to.equal('E_AWAY')
      expect(error.cause).to.equal(undefined)
      expect(error['config']).to.equal(undefined)
      expect(error['errors'] ?? []).to.deep.equal([])
      expect(JSON.stringify([error, error['data'] ?? {}])).to.not.contain('secret')
    })
  }

  it('and of an object that is not an error, message and code travel', async () => {
    await using harness = await served()
    const error = await failureOf(harness.client.runAction(Throw, 'object'))
    expect(error).to.be.instanceOf(Error).and.include({ message: 'away', code: 'E_AWAY' })
    expect(Object.keys(error)).to.deep.equal(['code'])
  })

  for (const what of ['nothing', 'list', 'map']) {
    it(`says of an object without a message that it was thrown, and nothing of what it holds (${what})`, async () => {
      await using harness = await served()
      const error = await failureOf(harness.client.runAction(Throw, what))
      expect(error).to.be.instanceOf(Error).and.have.property('message', 'a value that is not an error was thrown')
      expect(inspect(error, { showHidden: true })).to.not.contain('secret')
    })
  }

  for (const [what, value] of [
    ['text', 'away'],
    ['number', 7],
  ] as const) {
    it(`travels as it is where it is a ${what}: it has nothing but what it says`, async () => {
      await using harness = await served()
      expect(await failureOf(harness.client.runAction(Throw, what))).to.equal(value)
    })
  }

  for (const [what, Class] of [
    ['declared', Declared],
    ['purpose', RemoteError],
    ['own', NotFoundError],
  ] as const) {
    it(`is none where it was meant for callers (${what}): its fields travel, and of an undeclared cause what is safe`, async () => {
      await using harness = await served()
      const error = await failureOf(harness.client.runAction(Throw, what))
      expect(error).to.be.instanceOf(Class)
      const fields = (error['data'] ?? error) as Record<string, unknown>
      if (what === 'own') expect(error['model']).to.equal('User')
      else {
        expect(fields['kept']).to.equal('kept')
        const cause = error.cause as Error & Record<string, unknown>
        expect([cause.message, cause['code'], cause['config'], cause.cause]).to.deep.equal([
          'inner',
          'E_AWAY',
          undefined,
          undefined,
        ])
      }
    })
  }

  it('travels whole with exposeErrors', async () => {
    await using harness = await served({ exposeErrors: true })
    const error = await failureOf(harness.client.runAction(Throw, 'driver'))
    expect(error['data']).to.deep.equal(secret)
    expect(await failureOf(harness.client.runAction(Throw, 'nothing'))).to.deep.equal(secret)
    expect(error.cause).to.have.property('message', 'inner')
  })

  it('travels even where it cannot be read', async () => {
    await using harness = await served()
    expect((await failureOf(harness.client.runAction(Throw, 'odd'))).message).to.equal('an error that cannot be read')
  })

  it('says at the client that its class is not declared, and where it came from', async () => {
    await using harness = await served()
    const error = await failureOf(harness.client.runAction(Throw, 'driver'))
    expect(error).to.be.instanceOf(RemoteError).and.have.property('name', 'Driver')
    expect(error.message).to.equal('away (class Driver is not in static errors of Throw)')
    expect(error.stack).to.match(/^Driver: away \(class Driver is not in static errors of Throw\)\n/)
    expect(error.stack).to.contain('\n    at action "Throw" (memory:harness)\n')
    expect(remoteOf(error)).to.deep.include({ action: 'Throw', address: 'memory:harness' })
    expect(Object.keys(error)).to.not.include('remote')
  })

  it('says where it came from also where nobody awaits the call', async () => {
    await using harness = await served()
    let caught: Error | undefined
    harness.client.runAction(Throw, 'type').catch((error: Error) => {
      caught = error
    })
    const error = await waitFor(() => caught)
    expect(error.stack).to.match(/^TypeError: away\n {4}at action "Throw" \(memory:harness\)/)
    expect(remoteOf(new Error('here'))).to.equal(undefined)
  })
})

describe('what an action throws by mistake', () => {
  it('is printed with its stack and its cause, once, by a server without log and onError', async () => {
    await using harness = await served()
    let id = ''
    const printed = await printedBy(async () => {
      const error = await failureOf(harness.client.runAction(Throw, 'driver'))
      id = remoteOf(error)?.errorId ?? ''
    })
    expect(printed).to.have.lengthOf(1)
    expect(printed[0]).to.match(
      /^isock: action "Throw" failed with an error that it does not declare \(error [\da-f]{8}-\d+\)\n/,
    )
    expect(printed[0]).to.contain(`(error ${id})`)
    expect(printed[0]).to.contain('\nDriver: away\n    at ')
    expect(printed[0]).to.contain('undeclared-errors.spec.ts')
    expect(printed[0]).to.contain('caused by: Error: inner\n    at ')
  })

  it('goes to onError instead, where there is one', async () => {
    const told: unknown[] = []
    await using harness = await served({
      onError: (error, where) => void told.push([(error as Error).message, where.action]),
    })
    const printed = await printedBy(() => failureOf(harness.client.runAction(Throw, 'type')))
    expect(printed).to.deep.equal([])
    expect(told).to.deep.equal([['away', 'Throw']])
  })

  it('is logged as an error, and what is meant for callers is not', async () => {
    const lines: Line[] = []
    await using harness = await served({ log: logInto(lines) })
    for (const what of ['type', 'remote', 'unsendable', 'declared', 'purpose', 'own', 'cancelled', 'abort'])
      await failureOf(harness.client.runAction(Throw, what))
    const thrown = lines.filter(({ message }) => message.startsWith('action "Throw" '))
    expect(thrown.map(({ level }) => level)).to.deep.equal([
      ...['error', 'error', 'error'],
      ...['debug', 'debug', 'debug', 'debug', 'debug'],
    ])
    const [first] = thrown
    expect(first?.fields).to.have.keys(['action', 'session', 'errorId', 'error'])
    expect(first?.fields['error']).to.be.instanceOf(TypeError).with.property('config')
  })

  it('is logged once however often the same error is thrown within the window', async () => {
    const lines: Line[] = []
    const one = new Error('one')
    await using harness = await createHarness({
      actions: {
        again: () => {
          throw one
        },
      },
      server: { log: logInto(lines) },
    })
    for (let i = 0; i < 3; i++) await failureOf(harness.client.runAction('again'))
    expect(lines.filter(({ level }) => level === 'error')).to.have.lengthOf(1)
  })

  it('does not flood the log', async () => {
    const lines: Line[] = []
    await using harness = await served({ log: logInto(lines) })
    for (let i = 0; i < mostErrors * 3; i++) await failureOf(harness.client.runAction(Throw, 'type'))
    expect(lines.filter(({ level }) => level === 'error')).to.have.lengthOf(mostErrors + 1)
    expect(lines.filter(({ level }) => level === 'debug')).to.have.length.of.at.least(mostErrors * 2)
  })

  it('is replaced by the error that onError returns, which tells no more than any other', async () => {
    const lines: Line[] = []
    const onError: ServerOptions['onError'] = (error, { errorId }) =>
      error instanceof ActionError ? undefined : leaky(new Driver(`see ${errorId}`))
    await using harness = await served({ log: logInto(lines), onError })
    const error = await failureOf(harness.client.runAction(Throw, 'type'))
    expect(error.message).to.match(new RegExp(`^see ${remoteOf(error)?.errorId}`))
    expect(inspect(error)).not.to.contain('Bearer')
    expect(lines.filter(({ level }) => level === 'error')).to.have.lengthOf(1)
    expect((await failureOf(harness.client.runAction(Throw, 'purpose'))).message).to.match(/^no /)
  })

  it('does not leave where onError fails, which might have masked it', async () => {
    const onError = (): never => {
      throw new RangeError('of the hook')
    }
    await using harness = await served({ log: logInto([]), onError })
    const error = await failureOf(harness.client.runAction(Throw, 'purpose'))
    expect(error).to.include({ code: 'INTERNAL', notStarted: false })
    expect(inspect(error)).not.to.match(/of the hook|OnPurpose/)
  })

  it('is printed by a client too, of its own actions', async () => {
    await using harness = await createHarness({
      actions: { ask: (_data, { client }) => client.runAction('Throw', 'type') },
    })
    harness.client.addAction(new Throw())
    const printed = await printedBy(() => failureOf(harness.client.runAction('ask')))
    expect(printed[0]).to.contain('isock: action "Throw" failed with an error that it does not declare')
  })
})
