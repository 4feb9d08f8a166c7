// Readers of a client's events: each gets what comes from its beginning to its end, and nothing is kept of one that has left.
import { expect } from 'chai'
import { ClientError } from 'isock'
import type { DaemonEvent } from '../../lib/tracim/daemon-event.ts'
import { EventReaders } from '../../lib/tracim/event-readers.ts'
import { untilForgotten } from '../setup/garbage.ts'

const event = (id: number): DaemonEvent => ({ id }) as unknown as DaemonEvent

describe('The readers of the events of a daemon', () => {
  let readers: EventReaders

  beforeEach(() => {
    readers = new EventReaders({ maxQueuedEvents: 2, maxQueuedBytes: 1_000 })
  })

  it('each get what comes while they read', async () => {
    const first = readers.open()
    readers.push(event(1), 1)
    const second = readers.open()
    readers.push(event(2), 1)
    expect((await first.next()).value).to.deep.equal(event(1))
    expect((await first.next()).value).to.deep.equal(event(2))
    expect((await second.next()).value).to.deep.equal(event(2))
    const waiting = second.next()
    readers.push(event(3), 1)
    expect((await waiting).value).to.deep.equal(event(3))
  })

  it('take what there is before they end', async () => {
    const reader = readers.open()
    readers.push(event(1), 1)
    readers.close()
    readers.push(event(2), 1)
    expect((await reader.next()).value).to.deep.equal(event(1))
    expect(await reader.next()).to.deep.equal({ done: true, value: undefined })
    expect(await readers.open().next()).to.deep.equal({ done: true, value: undefined })
  })

  it('fail once where they lag behind, after what they kept', async () => {
    const reader = readers.open()
    for (let id = 1; id <= 5; id++) readers.push(event(id), 1)
    for (const id of [1, 2]) expect((await reader.next()).value).to.deep.equal(event(id))
    const error = await reader.next().catch((reason: unknown) => reason)
    expect(error).to.be.instanceOf(ClientError).with.property('code', 'ITEMS_DISCARDED')
    expect(await reader.next()).to.deep.equal({ done: true, value: undefined })
  })

  it('are forgotten when they have left', async () => {
    // In a function of its own, whose variables are gone afterwards.
    const left = await (async () => {
      const reader = readers.open()
      readers.push(event(1), 1)
      await reader.return?.()
      return new WeakRef(reader)
    })()
    await untilForgotten([left], 'the reader')
    readers.push(event(2), 1) // they themselves are still there
  })
})
