// The reading end of a stream by itself: what it takes, what it grants, and what it counts with the budget that streams share.
import { expect } from 'chai'
import { ProtocolError } from '../../lib/core/base/errors.ts'
import { InboundStream, type InboundStreamOptions, type Taken } from '../../lib/core/session/inbound-stream.ts'
import { type CreditFrame, type Frame, Kind } from '../../lib/core/wire/frames/frame.ts'

/** What an item of so many bytes counts for: a KiB at least. */
const item = (bytes = 1): Uint8Array => new Uint8Array(bytes)
const kib = 1_024

class World {
  readonly credits: { received: number; granted: number }[] = []
  readonly budget = {
    leftBytes: 1_000_000,
    granted: 0,
    unread: 0,
    grantedChanged(byBytes: number) {
      this.granted += byBytes
    },
    unreadChanged(byBytes: number) {
      this.unread += byBytes
    },
  }
  readonly stream: InboundStream
  taken = 0
  nowMs = 5_000

  constructor(more: Partial<InboundStreamOptions> = {}, hasBudget = true) {
    this.stream = new InboundStream({
      kind: Kind.Credit,
      seq: 7,
      windowBytes: 8 * kib,
      mayGoUnread: false,
      onTaken: () => this.taken++,
      ...(hasBudget ? { budget: this.budget } : {}),
      ...more,
      port: { send: (frame: Frame) => this.#sent(frame as CreditFrame) } as InboundStreamOptions['port'],
    })
  }

  get clock() {
    return { now: () => this.nowMs, setTimer: () => ({ cancel() {}, keepProcessAlive() {} }) }
  }

  #sent({ kind, seq, received, granted }: CreditFrame): void {
    expect([kind, seq]).to.deep.equal([Kind.Credit, 7])
    this.credits.push({ received, granted })
  }

  receive(count: number, bytes = 1): void {
    for (let i = 0; i < count; i++) expect(this.stream.onItem(this.stream.received, item(bytes))).to.equal(true)
  }
}

describe('The reading end of a stream', () => {
  it('hands out what it received in order, and then its end, again and again', () => {
    const { stream } = new World()
    expect(stream.takeNow()).to.equal(undefined)
    const values = [item(1), item(2), item(3)]
    for (const [i, value] of values.entries()) stream.onItem(i, value)
    expect(stream.received).to.equal(3)
    const error = new Error('broken off')
    stream.end(error)
    stream.end(undefined)
    for (const value of values) expect(stream.takeNow()).to.deep.equal({ item: true, value })
    for (let i = 0; i < 2; i++) expect(stream.takeNow()).to.deep.equal({ item: false, error })
  })

  it('drops what came twice and what comes after its end, and refuses a gap', () => {
    const world = new World()
    world.receive(2)
    expect(world.stream.onItem(1, item())).to.equal(false)
    expect(() => world.stream.onItem(3, item())).to.throw(ProtocolError, 'item 3 arrived where 2 was expected')
    world.stream.end(undefined)
    expect(world.stream.onItem(2, item())).to.equal(false)
    expect(world.stream.received).to.equal(2)
  })

  it('answers those who wait in order, and tells all of them of the end', () => {
    const world = new World()
    const told: (readonly [number, Taken])[] = []
    for (const who of [1, 2, 3]) world.stream.take((taken) => told.push([who, taken]))
    world.receive(1)
    world.stream.end(undefined)
    const end = { item: false, error: undefined }
    expect(told).to.deep.equal([
      [1, { item: true, value: item() }],
      [2, end],
      [3, end],
    ])
    expect(world.taken, 'none of them waited in the queue').to.equal(0)
  })

  it('tells of each item that is taken of those that wait', () => {
    const world = new World()
    world.receive(2)
    world.stream.take(() => undefined)
    world.stream.takeNow()
    expect(world.taken).to.equal(2)
  })

  it('refuses an item above what it granted, and is full before', () => {
    const world = new World()
    world.receive(7)
    expect(world.stream.isFull).to.equal(false)
    world.receive(1)
    expect(world.stream.isFull).to.equal(true)
    expect(() => world.stream.onItem(8, item())).to.throw(ProtocolError, 'an item arrived that was not granted')
  })

  it('grants more when half of the window was read, and no more once it has ended', () => {
    const world = new World()
    world.receive(8)
    for (let i = 0; i < 3; i++) world.stream.takeNow()
    expect(world.credits).to.deep.equal([])
    world.stream.takeNow()
    expect(world.credits).to.deep.equal([{ received: 8, granted: 12 * kib }])
    expect(world.stream.unconfirmedCost).to.equal(0)
    world.receive(1)
    expect(world.stream.unconfirmedCost).to.equal(kib)
    world.stream.end(undefined)
    for (let i = 0; i < 5; i++) world.stream.takeNow()
    expect(world.credits).to.have.lengthOf(1)
  })

  it('says again over a new link what it received and granted, until it has ended', () => {
    const world = new World()
    world.receive(1)
    world.stream.resume()
    expect(world.credits).to.deep.equal([{ received: 1, granted: 8 * kib }])
    world.stream.end(undefined)
    world.stream.resume()
    expect(world.credits).to.have.lengthOf(1)
  })

  it('counts what is unread and what may come with its budget, until all is read', () => {
    const world = new World()
    expect([world.budget.granted, world.budget.unread]).to.deep.equal([8 * kib, 0])
    world.receive(2)
    expect([world.budget.granted, world.budget.unread]).to.deep.equal([8 * kib, 2 * kib])
    world.stream.takeNow()
    expect([world.budget.granted, world.budget.unread]).to.deep.equal([7 * kib, kib])
    world.stream.end(undefined)
    expect([world.budget.granted, world.budget.unread]).to.deep.equal([kib, kib])
    world.stream.takeNow()
    expect([world.budget.granted, world.budget.unread]).to.deep.equal([0, 0])
  })

  it('holds what an item has beyond its window against the budget', () => {
    const world = new World()
    world.receive(1, 20 * kib)
    expect(world.budget.granted).to.be.at.least(20 * kib)
    expect(world.budget.granted).to.equal(world.budget.unread)
    world.stream.takeNow()
    expect(world.budget.unread).to.equal(0)
  })

  it('gives all back when it is closed, drops what is unread, and grants nothing to those who wait', () => {
    const world = new World()
    world.receive(8)
    world.stream.close()
    expect([world.budget.granted, world.budget.unread]).to.deep.equal([0, 0])
    let isAnswered = false
    world.stream.take(() => {
      isAnswered = true
    })
    expect([isAnswered, world.credits]).to.deep.equal([false, []])
    expect([world.budget.granted, world.budget.unread]).to.deep.equal([0, 0])
  })

  it('grants one that waits at least 16 KiB or its window, although others hold the budget', () => {
    for (const [windowBytes, least] of [
      [8 * kib, 8 * kib],
      [64 * kib, 16 * kib],
    ] as const) {
      const world = new World({ windowBytes })
      world.budget.leftBytes = -1_000_000
      world.receive(windowBytes / kib)
      while (world.stream.takeNow() !== undefined);
      expect(world.credits).to.deep.equal([])
      world.stream.take(() => undefined)
      expect(world.credits).to.deep.equal([{ received: windowBytes / kib, granted: windowBytes + least }])
    }
  })

  it('grants less where others hold much of the budget', () => {
    const world = new World()
    world.receive(8)
    world.budget.leftBytes = -4 * kib
    for (let i = 0; i < 8; i++) world.stream.takeNow()
    expect(world.credits).to.deep.equal([])
    world.budget.leftBytes = 6 * kib
    world.stream.take(() => undefined)
    expect(world.credits).to.deep.equal([{ received: 8, granted: 16 * kib }])
  })

  it('discards what nobody reads once its window is full, and lets the writer go on', () => {
    const world = new World({ mayGoUnread: true })
    world.receive(7)
    expect(world.stream.isDiscarding).to.equal(false)
    world.receive(1)
    expect(world.stream.isDiscarding).to.equal(true)
    expect([world.budget.granted, world.budget.unread]).to.deep.equal([0, 0])
    expect(world.credits).to.deep.equal([{ received: 8, granted: 16 * kib }])
    world.receive(20)
    expect(world.stream.takeNow()).to.equal(undefined)
    expect(world.credits.at(-1)?.granted).to.be.at.least(28 * kib)
  })

  it('keeps what was read once, however full it is', () => {
    const world = new World({ mayGoUnread: true })
    world.stream.takeNow()
    world.receive(8)
    expect(world.stream.isDiscarding).to.equal(false)
    const other = new World({ mayGoUnread: false })
    other.receive(8)
    expect(other.stream.isDiscarding).to.equal(false)
  })

  it('gives a read that waits no item when its reader leaves, and discards what comes', () => {
    const world = new World()
    const told: Taken[] = []
    world.stream.take((taken) => told.push(taken))
    world.stream.leave()
    expect(told).to.deep.equal([{ item: false, error: undefined }])
    world.receive(3)
    expect(world.stream.takeNow()).to.equal(undefined)
    expect(world.stream.isDiscarding).to.equal(true)
  })

  it('shows life by a credit after some time, however little was read, and not after it broke off', () => {
    let world: World
    const clock = { now: () => world.nowMs, setTimer: () => ({ cancel() {}, keepProcessAlive() {} }) }
    world = new World({ lifeSigns: { clock, everyMs: 1_000 } })
    world.receive(4)
    world.stream.takeNow()
    expect(world.credits).to.deep.equal([{ received: 4, granted: 8 * kib }])
    world.nowMs += 999
    world.stream.takeNow()
    expect(world.credits).to.have.lengthOf(1)
    world.nowMs += 1
    world.stream.end(undefined)
    world.stream.takeNow()
    expect(world.credits, 'after its last item').to.have.lengthOf(2)
    const broken = new World({ lifeSigns: { clock, everyMs: 1_000 } })
    broken.receive(2)
    broken.stream.end(new Error('broken off'))
    broken.stream.takeNow()
    expect(broken.credits).to.deep.equal([])
  })

  it('needs no budget', () => {
    const world = new World({}, false)
    world.receive(8)
    for (let i = 0; i < 4; i++) world.stream.takeNow()
    expect(world.credits).to.deep.equal([{ received: 8, granted: 12 * kib }])
    world.stream.close()
  })
})
