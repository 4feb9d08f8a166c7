// Where a token comes from, and which ones are refused.
import { expect } from 'chai'
import { ClientError } from '../../lib/core/base/errors.ts'
import { resolveToken, type TokenSource } from '../../lib/core/base/token.ts'

const unread = (): never => {
  throw new Error('no file is to be read')
}

describe('A token', () => {
  it('is the option, else the first line of the file, else that of the environment', () => {
    const environment = { ISOCK_TOKEN: 'environment' }
    expect(resolveToken({ token: 'an option', tokenFile: 'f' }, environment, unread)).to.equal('an option')
    const read: string[] = []
    const readSecret = (path: string): string => {
      read.push(path)
      return ' from a file \r\nsecond line\n'
    }
    expect(resolveToken({ tokenFile: 'f' }, environment, readSecret)).to.equal('from a file')
    expect(read).to.deep.equal(['f'])
    expect(resolveToken({}, environment, unread)).to.equal('environment')
  })

  it('is none where nothing is set', () => {
    expect(resolveToken({}, {}, unread)).to.equal(undefined)
    expect(resolveToken({}, { ISOCK_TOKEN: '' }, unread)).to.equal(undefined)
  })

  it('has 8 to 1024 characters, wherever it comes from', () => {
    const sources: [string, (token: string) => [TokenSource, Record<string, string>]][] = [
      ['token', (token) => [{ token }, {}]],
      ['tokenFile', () => [{ tokenFile: 'f' }, {}]],
      ['ISOCK_TOKEN', (token) => [{}, { ISOCK_TOKEN: token }]],
    ]
    for (const [name, given] of sources) {
      const resolve = (token: string): string | undefined => resolveToken(...given(token), () => token)
      for (const length of [8, 1_024]) expect(resolve('x'.repeat(length))).to.have.lengthOf(length)
      for (const length of [1, 7, 1_025])
        expect(() => resolve('x'.repeat(length)))
          .to.throw(ClientError, `option ${name}: expected a token of 8 to 1024 characters, got ${length}`)
          .with.property('code', 'INVALID_OPTION')
    }
    expect(() => resolveToken({ token: '' }, {}, unread)).to.throw('got 0')
    expect(() => resolveToken({ tokenFile: 'f' }, {}, () => '')).to.throw('option tokenFile: expected a token')
  })

  it('is a text', () => {
    expect(() => resolveToken({ token: 12_345_678 as never }, {}, unread)).to.throw('option token: expected a string')
    expect(() => resolveToken({ token: ['1', '2', '3', '4', '5', '6', '7', '8'] as never }, {}, unread)).to.throw(
      'option token: expected a string',
    )
  })
})
