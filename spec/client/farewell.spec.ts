// What a client says when its process ends, and when it says nothing.
import { expect } from 'chai'
import { ClientError } from '../../lib/core/base/errors.ts'
import { Farewell } from '../../lib/core/client/farewell.ts'

describe('A farewell', () => {
  const exits = new Set<() => void>()
  const ends: [ClientError, string][] = []
  const session = { end: (...given: [ClientError, string]) => void ends.push(given) } as never
  const onExit = (run: () => void) => {
    exits.add(run)
    return () => void exits.delete(run)
  }

  beforeEach(() => {
    exits.clear()
    ends.length = 0
  })

  it('is said once, with why, when the process ends while there is a link', () => {
    const farewell = new Farewell(session, onExit)
    expect(exits.size).to.equal(0)
    farewell.arm()
    farewell.arm()
    expect(exits.size).to.equal(1)
    for (const exit of exits) exit()
    const [[error, how] = []] = ends
    expect(error).to.be.instanceOf(ClientError).and.to.include({ code: 'CLOSED', notStarted: true })
    expect([how, ends.length]).to.deep.equal(['say bye', 1])
  })

  it('is not said where there is no link, and again once there is another', () => {
    const farewell = new Farewell(session, onExit)
    farewell.disarm()
    farewell.arm()
    farewell.disarm()
    farewell.disarm()
    expect(exits.size).to.equal(0)
    farewell.arm()
    expect(exits.size).to.equal(1)
  })

  it('is none where nobody tells when the process ends', () => {
    const farewell = new Farewell(session, undefined)
    farewell.arm()
    farewell.disarm()
    expect(ends).to.deep.equal([])
  })
})
