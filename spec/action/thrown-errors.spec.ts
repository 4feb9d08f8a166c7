// Which errors of handlers are faults of the program, and how often one of them is logged.
import { expect } from 'chai'
import { ThrownErrors } from '../../lib/core/action/thrown-errors.ts'
import {
  ActionError,
  AuthError,
  BusyError,
  CancelledError,
  DeadlineError,
  OutcomeUnknownError,
  RemoteError,
  ServerError,
  UnsendableError,
} from '../../lib/core/base/errors.ts'
import { windowMs } from '../../lib/core/base/log.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

class Declared extends Error {}

function logging(isQuiet = false) {
  const clock = new VirtualClock()
  const classes = new ClassRegistry()
  classes.declareError(Declared)
  const lines: string[] = []
  const as = (weight: string) => (fields: object, message: string) => {
    expect(fields).to.include({ of: 'a call' })
    lines.push(`${weight}: ${message}`)
  }
  const log = { debug: as('debug'), info: as('info'), warn: as('warn'), error: as('error') }
  const errors = new ThrownErrors({ classes, clock, log, isQuiet })
  const thrown = (error: unknown): string => {
    errors.thrown(error, 'pay', { of: 'a call' })
    return lines.pop() ?? 'nothing'
  }
  return { clock, errors, lines, thrown }
}

const fault = 'error: action "pay" failed with an error that it does not declare'
const quiet = 'debug: action "pay" threw'

describe('What a handler throws', () => {
  for (const [what, error] of [
    ['an error that nobody declared', new TypeError('m')],
    ['no error at all', 'a text'],
    ['nothing', undefined],
    ['null', null],
    ['an error of another side that does not know its class', new RemoteError({ name: 'E', message: 'm' })],
    ['a value that cannot be sent', new UnsendableError('data', 'why')],
    ['wrong use', new ServerError('m', { code: 'INVALID_USAGE' })],
    ['a fault within', new ServerError('m')],
  ] as const)
    it(`is a fault where it is ${what}`, () => {
      expect(logging().thrown(error)).to.equal(fault)
    })

  for (const [what, error] of [
    ['declared', new Declared('m')],
    ['meant for callers', new ActionError('m')],
    ['meant for callers, with a code of its own', new ActionError('m', { code: 'INTERNAL' })],
    ['an abort', new DOMException('m', 'AbortError')],
    ...[AuthError, BusyError, CancelledError, DeadlineError, OutcomeUnknownError].map(
      (Class) => [`passed on: ${Class.name}`, new Class('m')] as const,
    ),
  ] as const)
    it(`is none where it is ${what}`, () => {
      expect(logging().thrown(error)).to.equal(quiet)
    })

  it('is logged once where it goes through several hands, and again in the next window', () => {
    const { clock, errors, lines } = logging()
    const error = new TypeError('m')
    const passes = (): string[] => {
      errors.thrown(error, 'pay', { of: 'a call' })
      errors.fault(error, 'the task failed', { of: 'a call' })
      return lines.splice(0).map((line) => line.split(':', 1)[0] as string)
    }
    expect(passes()).to.deep.equal(['error', 'debug'])
    clock.standStill(windowMs - 1)
    expect(passes()).to.deep.equal(['debug', 'debug'])
    clock.standStill(1)
    expect(passes()).to.deep.equal(['error', 'debug'])
  })

  it('is logged each time where it is no object', () => {
    const { thrown } = logging()
    expect([thrown('a text'), thrown('a text'), thrown(null), thrown(null)]).to.deep.equal([fault, fault, fault, fault])
  })

  it('is a matter of debugging where faults are told elsewhere', () => {
    expect(logging(true).thrown(new TypeError('m'))).to.equal(fault.replace('error: ', 'debug: '))
  })

  it('ends nothing where its log fails', () => {
    const fails = (): never => {
      throw new Error('the disk is full')
    }
    const log = { debug: fails, info: fails, warn: fails, error: fails }
    const errors = new ThrownErrors({ classes: new ClassRegistry(), clock: new VirtualClock(), log, isQuiet: false })
    errors.thrown(new TypeError('m'), 'pay', {})
    errors.thrown(new ActionError('m'), 'pay', {})
    errors.fault(new TypeError('m'), 'it failed', {})
  })
})
