// The rooms of one channel by themselves: which are kept, which make place, and which are forgotten when.
import { expect } from 'chai'
import { Accounting } from '../../lib/core/accounting/accounting.ts'
import type { Part } from '../../lib/core/accounting/holders.ts'
import { Encoded } from '../../lib/core/wire/bytes/encoded.ts'
import type { Reader } from '../../lib/features/channels/reader.ts'
import type { Room } from '../../lib/features/channels/room.ts'
import { Rooms } from '../../lib/features/channels/rooms.ts'
import { BusyError } from '../../lib/index.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

const ttlMs = 8_000

describe('The rooms of a channel', () => {
  let clock: VirtualClock
  let accounting: Accounting
  let creator: Part
  let taken: string[]
  let inUse: Set<Room>

  beforeEach(() => {
    clock = new VirtualClock()
    accounting = new Accounting({ maxHeldBytes: 1e6, isShared: () => false })
    creator = accounting.partOf({ address: '192.0.2.1', identity: undefined })
    taken = []
    inUse = new Set()
  })

  const make = (maxRooms: number, hasHistory: boolean) =>
    new Rooms({
      clock,
      accounting,
      name: 'News',
      maxRooms,
      history: hasHistory ? { size: 10, ttlMs, maxBytes: 1_000 } : undefined,
      label: 'channel "News"',
      isInUse: (room) => inUse.has(room),
      onEvicted: ({ key }) => void taken.push(key),
    })
  const reader = {
    session: { id: 'cat', isConnected: true },
    countsAsConnected: false,
    deliver: () => undefined,
  } as unknown as Reader
  const keys = (rooms: Rooms) => rooms.all().map(({ key }) => key)
  const say = (rooms: Rooms, key: string) => {
    const room = rooms.getOrCreate(key, creator)
    room.publish(new Encoded('text'), undefined, clock.now(), creator)
    rooms.used(room)
    return room
  }
  const pass = (rooms: Rooms, key: string) => {
    const room = rooms.getOrCreate(key, creator)
    room.add(reader)
    room.remove(reader)
    rooms.used(room)
    return room
  }

  it('are made when they are asked for, each with an epoch of its own, and found by their keys', () => {
    const rooms = make(10, false)
    const red = rooms.getOrCreate('red', creator)
    expect(rooms.getOrCreate('red', creator)).to.equal(red)
    expect(rooms.find('red')).to.equal(red)
    expect(rooms.find('blue')).to.equal(undefined)
    const others = ['blue', ''].map((key) => rooms.getOrCreate(key, creator))
    expect(new Set([red, ...others].map(({ epoch }) => epoch)).size).to.equal(3)
    const [first] = [rooms, make(1, false)].map((all) => all.getOrCreate('red', creator).epoch)
    expect(make(1, false).getOrCreate('red', creator).epoch).to.not.equal(first)
    expect(rooms.count).to.equal(3)
    rooms.close()
    expect([rooms.count, clock.pendingCount]).to.deep.equal([0, 0])
  })

  it('with keys are so many; the one without a key is not counted', () => {
    const rooms = make(2, false)
    for (const key of ['a', 'b']) rooms.getOrCreate(key, creator)
    const full = 'channel "News" already has 2 rooms; raise its option maxRooms'
    expect(() => rooms.getOrCreate('c', creator))
      .to.throw(BusyError, full)
      .with.property('notStarted', false)
    rooms.getOrCreate('', creator)
    expect(() => rooms.getOrCreate('c', creator)).to.throw(BusyError)
    rooms.used(rooms.getOrCreate('a', creator))
    rooms.getOrCreate('c', creator)
    expect(keys(rooms)).to.deep.equal(['b', '', 'c'])
    expect(() => rooms.getOrCreate('d', creator)).to.throw(BusyError)
    expect(make(0, false).getOrCreate('', creator).key).to.equal('')
    expect(() => make(0, false).getOrCreate('a', creator)).to.throw(BusyError)
  })

  it('without a history are forgotten when nobody is in them any more, with a key', () => {
    const rooms = make(10, false)
    const [a, b, none] = ['a', 'b', ''].map((key) => rooms.getOrCreate(key, creator)) as [Room, Room, Room]
    a.add(reader)
    inUse.add(b)
    for (const room of [a, b, none]) rooms.used(room)
    expect(keys(rooms)).to.deep.equal(['a', 'b', ''])
    a.remove(reader)
    a.addWatcher(reader)
    rooms.used(a)
    expect(keys(rooms)).to.deep.equal(['a', 'b', ''])
    a.removeWatcher(reader)
    inUse.clear()
    for (const room of [a, b, none]) rooms.used(room)
    expect(keys(rooms)).to.deep.equal([''])
    // Who still has it cannot take its successor away.
    const next = rooms.getOrCreate('a', creator)
    next.add(reader)
    rooms.used(a)
    expect(rooms.find('a')).to.equal(next)
    expect(clock.pendingCount).to.equal(0)
  })

  it('with a history are kept for who comes back, as long as it is', async () => {
    const rooms = make(10, true)
    say(rooms, 'said')
    pass(rooms, 'passed')
    await clock.advance(1_000)
    say(rooms, 'later')
    await clock.advance(ttlMs - 1_001)
    expect(keys(rooms)).to.deep.equal(['said', 'passed', 'later'])
    await clock.advance(1)
    expect(keys(rooms)).to.deep.equal(['later'])
    await clock.advance(999)
    expect(keys(rooms)).to.deep.equal(['later'])
    await clock.advance(1)
    expect([keys(rooms), clock.pendingCount]).to.deep.equal([[], 0])
  })

  it('forget what is too old also where somebody is in them, and are forgotten after that one', async () => {
    const rooms = make(10, true)
    const room = say(rooms, 'red')
    room.add(reader)
    expect(accounting.usage().held.histories).to.be.above(0)
    await clock.advance(2 * ttlMs)
    expect(accounting.usage().held.histories).to.equal(0)
    expect(keys(rooms)).to.deep.equal(['red'])
    room.remove(reader)
    rooms.used(room)
    await clock.advance(ttlMs - 1)
    expect(keys(rooms)).to.deep.equal(['red'])
    await clock.advance(ttlMs)
    expect([keys(rooms), clock.pendingCount]).to.deep.equal([[], 0])
  })

  it('make place from the oldest where nobody is, whatever was said there, or who is away', () => {
    const rooms = make(4, true)
    say(rooms, 'said')
    const [inside, away] = ['inside', 'away'].map((key) => pass(rooms, key)) as [Room, Room]
    inside.add(reader)
    inUse.add(away)
    // It was only asked for: somebody is about to be in it.
    rooms.getOrCreate('asked for', creator)
    rooms.getOrCreate('next', creator)
    expect([taken, keys(rooms)]).to.deep.equal([['said'], ['inside', 'away', 'asked for', 'next']])
    rooms.getOrCreate('more', creator)
    expect([taken, keys(rooms)]).to.deep.equal([
      ['said', 'away'],
      ['inside', 'asked for', 'next', 'more'],
    ])
    expect(() => rooms.getOrCreate('too many', creator)).to.throw(BusyError)
    // One that is left may be taken again.
    inside.remove(reader)
    rooms.used(inside)
    rooms.getOrCreate('last', creator)
    expect(keys(rooms)).to.deep.equal(['asked for', 'next', 'more', 'last'])
    expect(accounting.usage().places).to.deep.equal({ 'rooms of News': { taken: 4, max: 4 } })
    rooms.close()
    expect([accounting.usage().places, accounting.heldBytes, clock.pendingCount]).to.deep.equal([{}, 0, 0])
  })

  it('are swept no more often than eight times within the time for which they keep messages', async () => {
    const rooms = make(100, true)
    let looks = 0
    inUse.has = () => {
      looks++
      return true
    }
    const room = say(rooms, 'red')
    for (let step = 0; step < 160; step++) {
      await clock.advance(ttlMs / 80)
      room.lastUsedMs = clock.now() - ttlMs + 1
    }
    expect(looks).to.be.within(1, 17)
    rooms.close()
  })
})
