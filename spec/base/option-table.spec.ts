// The check of options by name: what is refused, and in which words.
import { expect } from 'chai'
import { ClientError } from '../../lib/core/base/errors.ts'
import { checkOptions, type OptionTable, withDefaults } from '../../lib/core/base/option-table.ts'

interface Bag {
  readonly timeoutMs?: number
  readonly retry?: number
  readonly token?: string
}

const table: OptionTable<Bag> = { timeoutMs: 'any', retry: 'any', token: 'protects' }

function refusalOf(given: unknown): ClientError {
  try {
    checkOptions('Thing', given as Bag, table)
  } catch (error) {
    return error as ClientError
  }
  throw new Error('it was not refused')
}

describe('The check of options', () => {
  it('refuses an unknown one with the name that is meant', () => {
    const error = refusalOf({ retry: 1, timeout: 50 })
    expect(error).to.be.instanceOf(ClientError)
    expect(error.code).to.equal('INVALID_OPTION')
    expect(error.message).to.equal('Thing: unknown option "timeout"; did you mean timeoutMs?')
  })

  it('names those that there are where none is near', () => {
    expect(refusalOf({ background: 1 }).message).to.equal(
      'Thing: unknown option "background"; there are timeoutMs, retry, token',
    )
  })

  it('takes no name of an object of its own', () => {
    for (const name of ['toString', 'constructor', 'hasOwnProperty', '__proto__x'])
      expect(refusalOf({ [name]: 1 }).message, name).to.contain('unknown option')
  })

  it('sees options that an object inherits, as they would be read', () => {
    expect(refusalOf(Object.create({ timeout: 50 })).message).to.contain('did you mean timeoutMs?')
  })

  it('refuses undefined where that would protect nothing, and takes it elsewhere', () => {
    expect(refusalOf({ token: undefined }).message).to.match(/Thing option token: .*is the variable .* missing\?/)
    checkOptions('Thing', { timeoutMs: undefined, retry: undefined } as object, table)
    checkOptions('Thing', { token: 'correct horse' }, table)
    checkOptions('Thing', {}, table)
  })

  it('refuses what is not an object', () => {
    for (const given of [null, 50, 'x', [], () => undefined, true, undefined])
      expect(refusalOf(given).message, String(given)).to.contain('Thing: expected an object with options, got')
  })

  it('fills in defaults for what is left out or undefined', () => {
    const defaults = { timeoutMs: 5, retry: 3 }
    expect(withDefaults(defaults, { timeoutMs: undefined, retry: 0 })).to.deep.equal({ timeoutMs: 5, retry: 0 })
  })
})
