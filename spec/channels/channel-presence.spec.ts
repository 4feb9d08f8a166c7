// When those who lost their link are said to have left.
import { expect } from 'chai'
import { Accounting } from '../../lib/core/accounting/accounting.ts'
import type { SessionChange } from '../../lib/core/server/feature.ts'
import type { ServerSession } from '../../lib/core/server/server-session.ts'
import { ChannelPresence } from '../../lib/features/channels/channel-presence.ts'
import { Room } from '../../lib/features/channels/room.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

const graceMs = 10_000

function makeRoom(key: string): Room {
  const accounting = new Accounting({ maxHeldBytes: 1e6, isShared: () => false })
  const holdings = { accounting, places: undefined, creator: accounting.server, onEnd: () => undefined }
  return new Room(key, 'epoch', undefined, holdings)
}

describe('The presence of a room', () => {
  it('ends each grace in its time, also where one that came first was begun again', async () => {
    const clock = new VirtualClock()
    const left: string[] = []
    const presence = new ChannelPresence({
      clock,
      graceMs,
      infoOf: ({ id }) => id,
      announce: (event, { session }) => {
        if (event === 'leave') left.push(session)
      },
      onVacant: () => undefined,
    })
    const room = makeRoom('red')
    // Of a session it asks for no more than this.
    const [cat, dog] = ['cat', 'dog'].map((id) => ({ id, isConnected: true }) as unknown as ServerSession) as [
      ServerSession,
      ServerSession,
    ]
    for (const session of [cat, dog]) presence.enter(room, session, () => session.id)
    presence.changed(cat, 'cut')
    presence.exit(room, cat)
    await clock.advance(1_000)
    presence.changed(dog, 'cut')
    await clock.advance(4_000)
    // It is back, and has not asked for the room again yet.
    presence.changed(cat, 'resumed')
    await clock.advance(graceMs - 4_000)
    expect(left).to.deep.equal(['dog'])
    await clock.advance(4_000)
    expect(left).to.deep.equal(['dog', 'cat'])
    presence.close()
  })
})

describe('Who is present in the rooms of a channel', () => {
  let clock: VirtualClock
  let presence: ChannelPresence
  let told: string[]
  let infos: Map<string, unknown>
  const [red, blue] = ['red', 'blue'].map(makeRoom) as [Room, Room]

  /** Of a session it asks for no more than this. */
  class Session {
    isConnected = true
    readonly id: string
    constructor(id: string) {
      this.id = id
      infos.set(id, { name: id })
    }

    enter(room: Room): void {
      presence.enter(room, this.own, () => infos.get(this.id))
    }

    exit(room: Room): void {
      presence.exit(room, this.own)
    }

    changed(change: SessionChange): void {
      this.isConnected = change === 'resumed'
      presence.changed(this.own, change)
    }

    get own(): ServerSession {
      return this as unknown as ServerSession
    }
  }

  beforeEach(() => {
    clock = new VirtualClock()
    told = []
    infos = new Map()
    presence = new ChannelPresence({
      clock,
      graceMs,
      infoOf: ({ id }) => infos.get(id),
      announce: (event, { session, info }, room) => {
        told.push(`${event} ${session} ${room.key} ${JSON.stringify((info as { name: unknown }).name)}`)
      },
      onVacant: (room) => void told.push(`vacant ${room.key}`),
    })
  })

  afterEach(() => {
    presence.close()
    expect(clock.pendingCount, 'timers that are left').to.equal(0)
    for (const room of [red, blue]) expect(presence.members(room)).to.deep.equal([])
  })

  const sayings = () => told.splice(0)
  const present = (room: Room) => presence.members(room).map(({ session }) => session)

  it('forgets one that unsubscribes after its grace, while it is away', async () => {
    const cat = new Session('cat')
    cat.enter(red)
    cat.changed('cut')
    await clock.advance(graceMs)
    cat.exit(red)
    cat.changed('resumed')
    expect(clock.pendingCount).to.equal(0) // nothing of it is waited for
    expect(sayings()).to.deep.equal(['join cat red "cat"', 'leave cat red "cat"', 'vacant red'])
  })

  it('is who subscribed, once for all of its subscriptions, in the order in which they came', () => {
    const [cat, dog] = [new Session('cat'), new Session('dog')]
    expect(presence.isVacant(red)).to.equal(true)
    for (const session of [dog, cat, cat]) session.enter(red)
    cat.enter(blue)
    expect(sayings()).to.deep.equal(['join dog red "dog"', 'join cat red "cat"', 'join cat blue "cat"'])
    expect([present(red), present(blue)]).to.deep.equal([['dog', 'cat'], ['cat']])
    cat.exit(red)
    expect(sayings()).to.deep.equal([])
    cat.exit(red)
    expect(sayings()).to.deep.equal(['leave cat red "cat"'])
    cat.exit(red)
    dog.exit(red)
    expect(sayings()).to.deep.equal(['leave dog red "dog"', 'vacant red'])
    expect([presence.isVacant(red), presence.isVacant(blue)]).to.deep.equal([true, false])
    expect(presence.members(undefined)).to.deep.equal([])
    cat.exit(blue)
    expect(sayings()).to.deep.equal(['leave cat blue "cat"', 'vacant blue'])
  })

  it('is nobody whom the channel does not list', () => {
    const ghost = new Session('ghost')
    infos.set('ghost', undefined)
    ghost.enter(red)
    ghost.changed('cut')
    ghost.changed('resumed')
    ghost.exit(red)
    expect([sayings(), present(red), presence.isVacant(red)]).to.deep.equal([[], [], true])
    infos.set('ghost', { name: 'seen' })
    ghost.enter(red)
    expect(sayings()).to.deep.equal(['join ghost red "seen"'])
  })

  it('is nobody whose session has ended', async () => {
    const cat = new Session('cat')
    for (const room of [red, blue]) cat.enter(room)
    cat.changed('cut')
    sayings()
    cat.changed('ended')
    expect(sayings()).to.deep.equal(['leave cat red "cat"', 'vacant red', 'leave cat blue "cat"', 'vacant blue'])
    await clock.advance(2 * graceMs)
    cat.changed('ended')
    expect(sayings()).to.deep.equal([])
  })

  it('is who is away, until its grace is over to the millisecond, and again when its link is back', async () => {
    const cat = new Session('cat')
    cat.enter(red)
    sayings()
    cat.changed('cut')
    await clock.advance(graceMs - 1)
    expect([sayings(), present(red)]).to.deep.equal([[], ['cat']])
    await clock.advance(1)
    expect([sayings(), present(red)]).to.deep.equal([['leave cat red "cat"', 'vacant red'], []])
    cat.changed('resumed')
    expect([sayings(), present(red)]).to.deep.equal([['join cat red "cat"'], ['cat']])
    cat.exit(red)
    expect(sayings()).to.deep.equal(['leave cat red "cat"', 'vacant red'])
  })

  it('is who came back within its grace, for good', async () => {
    const cat = new Session('cat')
    cat.enter(red)
    cat.changed('cut')
    await clock.advance(graceMs - 1)
    cat.changed('resumed')
    await clock.advance(2 * graceMs)
    expect([sayings(), present(red)]).to.deep.equal([['join cat red "cat"'], ['cat']])
  })

  it('is who subscribes anew after its subscription ended while it was away', async () => {
    const cat = new Session('cat')
    cat.enter(red)
    sayings()
    cat.changed('cut')
    cat.exit(red)
    // One that subscribes while it is away is as away as before.
    cat.enter(red)
    cat.exit(red)
    await clock.advance(graceMs - 1)
    expect([sayings(), present(red)]).to.deep.equal([[], ['cat']])
    cat.changed('resumed')
    cat.enter(red)
    await clock.advance(2 * graceMs)
    expect([sayings(), present(red)]).to.deep.equal([[], ['cat']])
    cat.exit(red)
    expect(sayings()).to.deep.equal(['leave cat red "cat"', 'vacant red'])
  })

  it('is told anew where its session came back as somebody else', () => {
    const cat = new Session('cat')
    const [same, other] = [{ name: 'cat' }, { name: 'tiger' }]
    cat.enter(red)
    sayings()
    for (const info of [same, other, other]) {
      cat.changed('cut')
      infos.set('cat', info)
      cat.changed('resumed')
    }
    expect(sayings()).to.deep.equal(['leave cat red "cat"', 'vacant red', 'join cat red "tiger"'])
    expect(presence.members(red)).to.deep.equal([{ session: 'cat', info: other }])
    cat.changed('cut')
    infos.set('cat', undefined)
    cat.changed('resumed')
    expect([sayings(), present(red)]).to.deep.equal([['leave cat red "tiger"', 'vacant red'], []])
  })

  it('is told anew where nobody can say whether it is somebody else', () => {
    const cat = new Session('cat')
    infos.set('cat', { name: 'cat', size: 1n })
    cat.enter(red)
    cat.changed('cut')
    cat.changed('resumed')
    expect(sayings(), 'the same one').to.deep.equal(['join cat red "cat"'])
    cat.changed('cut')
    infos.set('cat', { name: 'cat', size: 1n })
    cat.changed('resumed')
    expect(sayings()).to.deep.equal(['leave cat red "cat"', 'vacant red', 'join cat red "cat"'])
  })

  it('is nobody any more when the channel is closed, without a word', async () => {
    const [cat, dog] = [new Session('cat'), new Session('dog')]
    for (const session of [cat, dog]) session.enter(red)
    cat.changed('cut')
    sayings()
    presence.close()
    await clock.advance(2 * graceMs)
    cat.changed('ended')
    dog.exit(red)
    expect([sayings(), present(red), presence.isVacant(red)]).to.deep.equal([[], [], true])
  })
})
