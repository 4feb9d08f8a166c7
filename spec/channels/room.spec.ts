// A room by itself: to whom a message goes, what is kept of it, and that who left hears no more.
import { expect } from 'chai'
import { Accounting } from '../../lib/core/accounting/accounting.ts'
import { Encoded } from '../../lib/core/wire/bytes/encoded.ts'
import { History, type KeptMessage } from '../../lib/features/channels/history.ts'
import type { Reader } from '../../lib/features/channels/reader.ts'
import { Room } from '../../lib/features/channels/room.ts'
import { settle } from '../setup/virtual-clock.ts'

/** A reader as a room knows it. */
class Heard {
  readonly session: { readonly id: string; readonly isConnected: boolean }
  countsAsConnected = false
  readonly items: unknown[] = []
  /** Of them, those that were written while they were handed over. */
  readonly written: unknown[] = []

  constructor(id: string) {
    this.session = { id, isConnected: true }
  }

  deliver(item: Encoded): void {
    this.items.push(item.payload)
  }

  deliverNow(item: Encoded): void {
    this.deliver(item)
    this.written.push(item.payload)
  }
}

const asReader = (heard: Heard): Reader => heard as unknown as Reader
const only = (...ids: string[]) => ({ to: new Set(ids), except: undefined })
const without = (...ids: string[]) => ({ to: undefined, except: new Set(ids) })

describe('A room', () => {
  let accounting: Accounting
  let room: Room
  let readers: [cat: Heard, alsoCat: Heard, dog: Heard]

  beforeEach(() => {
    accounting = new Accounting({ maxHeldBytes: 1e6, isShared: () => false })
    const holdings = { accounting, places: undefined, creator: accounting.server, onEnd: () => undefined }
    room = new Room('red', 'epoch', undefined, holdings)
    readers = [new Heard('cat'), new Heard('cat'), new Heard('dog')]
    for (const reader of readers) room.add(asReader(reader))
  })

  const publish = (text: string, audience?: Parameters<Room['publish']>[1]) =>
    room.publish(new Encoded(text), audience, 0, accounting.server)
  const heard = () => readers.map(({ items }) => items.splice(0))

  it('brings a message to all, to some by their sessions, or to all but some', () => {
    publish('all')
    expect(heard()).to.deep.equal([['all'], ['all'], ['all']])
    publish('cat', only('cat', 'nobody'))
    expect(heard()).to.deep.equal([['cat'], ['cat'], []])
    publish('dog', without('cat'))
    expect(heard()).to.deep.equal([[], [], ['dog']])
    publish('dog alone', { to: new Set(['cat', 'dog']), except: new Set(['cat']) })
    expect(heard()).to.deep.equal([[], [], ['dog alone']])
    expect(room.offset).to.equal(4)
  })

  it('has a message for many written as it is handed over, where it is the only one of its turn', async () => {
    for (let i = readers.length; i < 16; i++) {
      publish(`to ${i}`)
      room.add(asReader(new Heard(`bird ${i}`)))
      await settle()
    }
    const [cat] = readers
    expect(cat.written, 'of a few').to.deep.equal([])
    publish('alone')
    await settle()
    publish('first')
    publish('second')
    await settle()
    publish('after several')
    await settle()
    publish('alone again')
    publish('for the cat', only('cat'))
    expect(cat.written).to.deep.equal(['alone', 'first', 'alone again'])
    expect(cat.items.slice(-6)).to.deep.equal([
      'alone',
      'first',
      'second',
      'after several',
      'alone again',
      'for the cat',
    ])
  })

  it('brings nothing to a reader that left, and goes on for others of its session', () => {
    const [cat, alsoCat, dog] = readers
    room.remove(asReader(cat))
    publish('all')
    publish('cat', only('cat'))
    expect(heard()).to.deep.equal([[], ['all', 'cat'], ['all']])
    expect([room.readerCount, room.isEmpty]).to.deep.equal([2, false])
    room.remove(asReader(alsoCat))
    room.remove(asReader(dog))
    publish('cat', only('cat', 'dog'))
    expect(heard()).to.deep.equal([[], [], []])
    expect([room.readerCount, room.isEmpty]).to.deep.equal([0, true])
    room.add(asReader(cat))
    publish('again', only('cat'))
    expect(heard()).to.deep.equal([['again'], [], []])
  })

  it('is not empty while somebody looks at who is present', () => {
    for (const reader of readers) room.remove(asReader(reader))
    room.addWatcher(asReader(readers[0]))
    expect(room.isEmpty).to.equal(false)
    expect([...room.watchers]).to.deep.equal([readers[0]])
    room.removeWatcher(asReader(readers[0]))
    expect(room.isEmpty).to.equal(true)
  })
})

describe('The history of a room', () => {
  const bytesEach = 10
  let history: History
  let offset: number

  beforeEach(() => {
    offset = 0
  })

  const keep = (count: number, atMs = 0, bytes = bytesEach) => {
    for (let i = 0; i < count; i++)
      history.add({ offset: ++offset, atMs, item: new Encoded(new Uint8Array(bytes)), audience: undefined })
  }
  const offsets = (kept: readonly KeptMessage[] | undefined) => kept?.map((message) => message.offset)
  const all = () => offsets(history.newest(Number.POSITIVE_INFINITY))

  it('keeps as many as it may, and all numbers after a place, or says that they are not there', () => {
    history = new History({ size: 3, ttlMs: 1_000, maxBytes: 1_000 })
    keep(2)
    expect(all()).to.deep.equal([1, 2])
    expect(offsets(history.after(0, 2))).to.deep.equal([1, 2])
    for (let round = 0; round < 20; round++) {
      keep(1)
      expect(all()).to.deep.equal([offset - 2, offset - 1, offset])
      expect(history.count).to.equal(3)
      expect(history.bytes).to.equal(3 * bytesEach)
      expect(offsets(history.after(offset - 3, offset))).to.deep.equal([offset - 2, offset - 1, offset])
      expect(offsets(history.after(offset - 1, offset))).to.deep.equal([offset])
      expect(offsets(history.after(offset, offset))).to.deep.equal([])
      expect(history.after(offset - 4, offset)).to.equal(undefined)
      expect(history.after(offset + 1, offset)).to.equal(undefined)
      expect(offsets(history.newest(2))).to.deep.equal([offset - 1, offset])
      expect(offsets(history.newest(0))).to.deep.equal([])
    }
  })

  it('keeps as many bytes as it may: the oldest go, and one that is too large alone is not kept', () => {
    history = new History({ size: 100, ttlMs: 1_000, maxBytes: 3 * bytesEach })
    keep(3)
    expect(all()).to.deep.equal([1, 2, 3])
    keep(1)
    expect(all()).to.deep.equal([2, 3, 4])
    keep(1, 0, 3 * bytesEach + 1)
    expect([all(), history.bytes]).to.deep.equal([[], 0])
    expect(history.after(3, 5)).to.equal(undefined)
    keep(1, 0, 3 * bytesEach)
    expect([all(), history.bytes]).to.deep.equal([[6], 3 * bytesEach])
  })

  it('keeps each as long as it may, and no longer', () => {
    history = new History({ size: 100, ttlMs: 1_000, maxBytes: 1_000 })
    keep(1, 0)
    keep(1, 1)
    history.prune(999)
    expect(all()).to.deep.equal([1, 2])
    history.prune(1_000)
    expect([all(), history.bytes]).to.deep.equal([[2], bytesEach])
    keep(1, 1_001)
    expect(all()).to.deep.equal([3])
  })
})
