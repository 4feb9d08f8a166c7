// Any async iterable as the source of a daemon's events; and the queue in which events wait for somebody who takes them.
import { expect } from 'chai'
import { EventQueue } from '../../lib/tracim/event-queue.ts'
import { IterableSource } from '../../lib/tracim/event-source.ts'
import type { TracimEvent } from '../../lib/tracim/event-types.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf } from '../setup/world.ts'

/** Gives what it is told to give, and says whether it was returned. */
class Items implements AsyncIterable<unknown> {
  isReturned = false
  give: (item: IteratorResult<unknown>) => void = () => undefined
  fail: (error: Error) => void = () => undefined;

  [Symbol.asyncIterator](): AsyncIterator<unknown> {
    return {
      next: () => new Promise((resolve, reject) => Object.assign(this, { give: resolve, fail: reject })),
      return: async () => {
        this.isReturned = true
        return { done: true, value: undefined }
      },
    }
  }
}

describe('An async iterable as a source', () => {
  let items: Items
  let abort: AbortController
  let events: TracimEvent[]
  let isOver: boolean
  let reading: Promise<void>

  const read = (toEvent?: (item: unknown) => TracimEvent) => {
    items = new Items()
    abort = new AbortController()
    events = []
    isOver = false
    const source = new IterableSource(items, '7', toEvent)
    reading = (async () => {
      for await (const event of source.events(abort.signal)) events.push(event)
      isOver = true
    })()
    reading.catch(() => undefined)
    return source
  }
  const give = async (value: unknown) => {
    await settle()
    items.give({ done: false, value })
    await settle()
  }

  it('acts for its user, and has no Tracim to ask', async () => {
    const source = read()
    expect(await source.connect()).to.equal('7')
    expect(await failureOf(source.request())).to.include({ code: 'NOT_ALLOWED' })
    abort.abort()
    await reading
  })

  it('gives its items as events: those that are ones as they are, others as the fields of a message', async () => {
    read()
    await give({ event_type: 'user.created', event_id: 40, fields: { a: 1 } })
    await give({ event_type: 'user.deleted' })
    for (const item of [{ text: 'hi' }, { event_type: 5 }, 'hi']) await give(item)
    expect(events.map(({ event_id, event_type, fields, read }) => [event_id, event_type, fields, read])).to.deep.equal([
      [40, 'user.created', { a: 1 }, null],
      [2, 'user.deleted', {}, null],
      [3, 'message', { text: 'hi' }, null],
      [4, 'message', { event_type: 5 }, null],
      [5, 'message', 'hi', null],
    ])
    for (const { created } of events) expect(Number.isNaN(Date.parse(created))).to.equal(false)
    items.give({ done: true, value: undefined })
    await reading
    expect([isOver, items.isReturned]).to.deep.equal([true, true])
  })

  it('is made into events as its owner says', async () => {
    read((item) => ({ event_type: 'own', fields: item }) as unknown as TracimEvent)
    await give(1)
    expect(events).to.deep.equal([{ event_type: 'own', fields: 1 }])
    abort.abort()
    await reading
  })

  it('ends when it is told to, though it waits for an item, and lets go of what it reads', async () => {
    read()
    await settle()
    abort.abort()
    await reading
    expect([isOver, items.isReturned]).to.deep.equal([true, true])
    read()
    await give('one')
    abort.abort()
    await reading
    expect([events.length, items.isReturned]).to.deep.equal([1, true])
  })

  it('reads nothing where it was told to end before', async () => {
    const source = read()
    abort.abort()
    await reading
    const asked: string[] = []
    const other = { [Symbol.asyncIterator]: () => ({ next: async () => asked.push('next') as never }) }
    for await (const event of new IterableSource(other, '7').events(abort.signal)) events.push(event)
    expect(asked).to.deep.equal([])
    expect(source).to.be.instanceOf(IterableSource)
  })

  it('fails with what it reads', async () => {
    read()
    await settle()
    const broken = new Error('the source broke')
    items.fail(broken)
    expect(await failureOf(reading)).to.equal(broken)
    expect(items.isReturned).to.equal(true)
  })
})

describe('A queue of events', () => {
  const event = (type: string) => ({ type, path: '/a', data: null })

  it('holds as many as it may, and gives them in their order', () => {
    const queue = new EventQueue({ maxQueuedEvents: 2, maxQueuedBytes: 1_000 })
    expect([queue.push(event('a'), 1), queue.push(event('b'), 1), queue.push(event('c'), 1)]).to.deep.equal([
      true,
      true,
      false,
    ])
    expect([queue.shift()?.type, queue.length]).to.deep.equal(['a', 1])
    expect(queue.push(event('d'), 1)).to.equal(true)
    expect([queue.shift()?.type, queue.shift()?.type, queue.shift()]).to.deep.equal(['b', 'd', undefined])
  })

  it('holds as many bytes as it may, and one event of any size alone', () => {
    const queue = new EventQueue({ maxQueuedEvents: 10, maxQueuedBytes: 100 })
    expect([queue.push(event('a'), 60), queue.push(event('b'), 41), queue.push(event('c'), 40)]).to.deep.equal([
      true,
      false,
      true,
    ])
    queue.shift()
    expect([queue.push(event('d'), 61), queue.push(event('e'), 60)]).to.deep.equal([false, true])
    queue.clear()
    expect([queue.length, queue.shift()]).to.deep.equal([0, undefined])
    expect([queue.push(event('large'), 101), queue.push(event('f'), 1)]).to.deep.equal([true, false])
    queue.shift()
    expect(queue.push(event('g'), 100)).to.equal(true)
  })
})
