// What is said where a package is missing that a feature needs.
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { ClientError } from '../../lib/core/base/errors.ts'
import { requirePackages, withPackages } from '../../lib/core/base/optional-packages.ts'

const missing = (name: string, code = 'ERR_MODULE_NOT_FOUND') =>
  Object.assign(new Error(`Cannot find package '${name}' imported from isock`), { code })

async function failureOf(promise: Promise<unknown>): Promise<ClientError & Error> {
  return promise.then(
    () => expect.fail('it was imported'),
    (error) => error,
  )
}

describe('A package that a feature needs', () => {
  it('is not asked for again where it is there', () => {
    requirePackages('isock/threads', ['piscina', '@mikro-orm/core', 'csv-stringify', 'eventsource'])
  })

  it('is named with the line that installs it, before the feature is used', () => {
    const without = (...names: string[]) =>
      requirePackages('isock/data', ['a', '@b/c'], (name) => !names.includes(name))
    expect(() => without()).to.not.throw()
    expect(() => without('a')).to.throw(ClientError, /^isock\/data needs a: npm i a$/)
    expect(() => without('a', '@b/c')).to.throw(ClientError, /^isock\/data needs a and @b\/c: npm i a @b\/c$/)
    const found = (() => {
      try {
        requirePackages('x', ['isock-has-no-such-package'])
      } catch (error) {
        return error
      }
      return undefined
    })()
    expect(found).to.include({ code: 'MISSING_PACKAGE', notStarted: true })
  })

  it('is named when the import of it fails, or of a part of it', async () => {
    const load = (error: Error) => withPackages('a CSV file', ['csv-parse', 'other'], () => Promise.reject(error))
    const error = await failureOf(load(missing('csv-parse')))
    expect(error).to.be.instanceOf(ClientError).and.include({ code: 'MISSING_PACKAGE' })
    expect(error.message).to.equal('a CSV file needs csv-parse: npm i csv-parse@7')
    expect((await failureOf(load(missing('csv-parse/sync')))).code).to.equal('MISSING_PACKAGE')
    expect((await failureOf(load(missing('csv-parse', 'MODULE_NOT_FOUND')))).code).to.equal('MISSING_PACKAGE')
    expect(await withPackages('x', ['y'], async () => 7)).to.equal(7)
  })

  it('leaves other faults as they are', async () => {
    const load = (error: Error) => withPackages('a CSV file', ['csv-parse'], () => Promise.reject(error))
    for (const error of [missing('csv-parser'), missing('csv-parse', 'ERR_ODD'), new Error('broken')])
      expect(await failureOf(load(error))).to.equal(error)
  })

  it('is asked for in versions that package.json takes', async () => {
    const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
    const { peerDependencies, peerDependenciesMeta } = manifest as Record<string, Record<string, unknown>>
    for (const [name, range] of Object.entries(peerDependencies as Record<string, string>)) {
      expect(peerDependenciesMeta?.[name], name).to.deep.equal({ optional: true })
      const { message } = await failureOf(withPackages('x', [name], () => Promise.reject(missing(name))))
      const asked = message.slice(message.lastIndexOf(name) + name.length + 1)
      expect(range.replace(/^[~^]/, '').startsWith(asked), `${name}@${asked} of ${range}`).to.equal(true)
    }
  })
})
