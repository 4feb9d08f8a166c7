// A server that a module starts when it is loaded, in a thread that runs an action.
import { expect } from 'chai'
import { ServerError } from '../../lib/core/base/errors.ts'
import { markThread, refuseInThread } from '../../lib/core/base/in-thread.ts'

describe('A thread of isock', () => {
  afterEach(() => {
    delete (globalThis as Record<symbol, unknown>)[Symbol.for('isock.thread')]
  })

  it('is no place for a server, in whichever copy of the package', () => {
    refuseInThread('listen()')
    markThread()
    expect(() => refuseInThread('listen()'))
      .to.throw(ServerError, /^listen\(\): a server cannot start in a thread that runs another server/)
      .with.property('code', 'INVALID_USAGE')
    expect(Symbol.for('isock.thread') in globalThis).to.equal(true)
  })
})
