// What a client does when its process ends, and when its network may have changed: only while it has a link.
import { expect } from 'chai'
import { ClientError } from '../../lib/core/base/errors.ts'
import { watchLink } from '../../lib/core/client/link-watch.ts'

describe('A link watch', () => {
  const exits = new Set<() => void>()
  const wakeUps = new Set<() => void>()
  const ends: [ClientError, string][] = []
  let doubts: number
  const session = {
    end: (...given: [ClientError, string]) => void ends.push(given),
    doubtLink: () => doubts++,
  } as never
  const listenIn = (listeners: Set<() => void>) => (run: () => void) => {
    listeners.add(run)
    return () => void listeners.delete(run)
  }
  const platform = { onExit: listenIn(exits), onWakeUp: listenIn(wakeUps) }

  beforeEach(() => {
    for (const list of [exits, wakeUps]) list.clear()
    ends.length = 0
    doubts = 0
  })

  it('sends BYE with the reason when the process ends', () => {
    watchLink(session, platform)
    for (const exit of exits) exit()
    const [[error, how] = []] = ends
    expect(error).to.be.instanceOf(ClientError).and.to.include({ code: 'CLOSED', notStarted: true })
    expect([how, ends.length, doubts]).to.deep.equal(['say bye', 1, 0])
  })

  it('doubts the link when the network may have changed', () => {
    watchLink(session, platform)
    for (const wakeUp of wakeUps) wakeUp()
    expect([doubts, ends.length]).to.deep.equal([1, 0])
  })

  it('listens until it is ended', () => {
    const end = watchLink(session, platform)
    expect([exits.size, wakeUps.size]).to.deep.equal([1, 1])
    end()
    expect([exits.size, wakeUps.size]).to.deep.equal([0, 0])
    end()
    watchLink(session, platform)
    expect([exits.size, wakeUps.size]).to.deep.equal([1, 1])
  })

  it('listens to nothing on a platform that reports neither', () => {
    watchLink(session, { onExit: undefined })()
    expect(ends).to.deep.equal([])
  })
})
