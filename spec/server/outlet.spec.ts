// One reader of messages that go to many: what it gets before it is let go.
import { expect } from 'chai'
import { Outlet } from '../../lib/server/outlet.ts'
import { Encoded } from '../../lib/wire/encoded.ts'
import { settle } from '../setup/virtual-clock.ts'

describe('An outlet', () => {
  let sent: unknown[]
  let take: () => void
  let outlet: Outlet

  beforeEach(() => {
    sent = []
    const send = ({ payload }: Encoded): Promise<void> => {
      sent.push(payload)
      return new Promise((resolve) => {
        take = resolve
      })
    }
    outlet = new Outlet({ send, maxQueued: 9, maxQueuedBytes: 1_000, overflow: 'drop-reader', label: 'it' })
    for (const text of ['a', 'b', 'c']) outlet.push(new Encoded(text))
  })

  it('that finishes gives what waits, and nothing that comes later', async () => {
    let isDone = false
    void outlet.done.then(() => {
      isDone = true
    })
    outlet.finish()
    outlet.push(new Encoded('late'))
    for (const expected of [
      ['a', 'b'],
      ['a', 'b', 'c'],
    ]) {
      take()
      await settle()
      expect(sent).to.deep.equal(expected)
      expect(isDone).to.equal(false)
    }
    take()
    await settle()
    expect(isDone).to.equal(true)
    expect(sent).to.deep.equal(['a', 'b', 'c'])
  })

  it('that finishes when nothing waits is done at once', async () => {
    const idle = new Outlet({
      send: () => undefined,
      maxQueued: 9,
      maxQueuedBytes: 1_000,
      overflow: 'drop-reader',
      label: 'it',
    })
    idle.push(new Encoded('a'))
    idle.finish()
    await idle.done
  })

  it('that ends drops what waits', async () => {
    outlet.end()
    take()
    await outlet.done
    expect(sent).to.deep.equal(['a'])
  })
})
