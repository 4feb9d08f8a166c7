// The stack of an error, completed by where its call was made, in engines that cannot tell who awaits it.
import { expect } from 'chai'
import { callSite, withCallerStack } from '../../lib/core/action/caller-stack.ts'

const site = [
  'Error@https://h/isock.js:1:2',
  'start@https://h/isock.js:1:100',
  'runAction@https://h/isock.js:1:300',
  'onClick@https://h/page.js:12:34',
  '@https://h/page.js:20:1',
  '',
].join('\n')

describe('The stack of a failed call', () => {
  const stackOf = async (error: Error, ownLines: 'keep' | 'drop', at: string): Promise<string> => {
    const rejected: unknown = await withCallerStack(error, ownLines, at).catch((reason: unknown) => reason)
    expect(rejected).to.equal(error)
    return String(error.stack)
  }

  it('has the lines of the program that made it, and none of isock, as Firefox and Safari write them', async () => {
    const error = new RangeError('too far')
    expect((await stackOf(error, 'drop', site)).split('\n')).to.deep.equal([
      'RangeError: too far',
      'onClick@https://h/page.js:12:34',
      '@https://h/page.js:20:1',
    ])
  })

  it('keeps what it has where the error came from the other side', async () => {
    const error = new Error('there')
    error.stack = 'Error: there\n    at their code'
    expect(await stackOf(error, 'keep', site)).to.match(/^Error: there\n {4}at their code\nonClick@/)
  })

  it('has all lines where the program is in one file with isock', async () => {
    const bundled = site.replaceAll('page.js', 'isock.js')
    expect(await stackOf(new Error('x'), 'drop', bundled))
      .to.contain('\nstart@https://h/isock.js')
      .and.contain('onClick@')
  })

  it('costs nothing here, as V8 tells who awaits a call', () => {
    expect(callSite()).to.equal(undefined)
  })
})
