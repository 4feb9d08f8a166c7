// The messages that a room keeps, by themselves: bounded by number, age and bytes, and without a gap.
import { expect } from 'chai'
import { placeBytes } from '../../lib/core/accounting/held.ts'
import { History, type KeptMessage } from '../../lib/features/channels/history.ts'

const idBytes = 64

function message(offset: number, { atMs = offset, bytes = 10, ids = 0 } = {}): KeptMessage {
  const audience = ids === 0 ? undefined : { to: new Set(Array.from({ length: ids }, (_, i) => `${i}`)) }
  return { offset, atMs, item: { payload: new Uint8Array(bytes) }, audience } as unknown as KeptMessage
}

describe('The history of a room', () => {
  const bounds = { size: 3, ttlMs: 100, maxBytes: 1_000 }
  const offsets = (messages: readonly KeptMessage[] | undefined) => messages?.map(({ offset }) => offset)

  it('keeps the newest, up to its size', () => {
    const history = new History(bounds)
    for (let offset = 1; offset <= 5; offset++) history.add(message(offset))
    expect([history.count, history.bytes, offsets(history.newest(9))]).to.deep.equal([3, 30, [3, 4, 5]])
    expect(offsets(history.newest(2))).to.deep.equal([4, 5])
  })

  it('keeps no more bytes than it may, and none of a message that is larger', () => {
    const history = new History(bounds)
    history.add(message(1, { bytes: 600 }))
    history.add(message(2, { bytes: 400 }))
    expect([history.count, history.bytes]).to.deep.equal([2, 1_000])
    history.add(message(3, { bytes: 1 }))
    expect([history.count, history.bytes]).to.deep.equal([2, 401])
    history.add(message(4, { bytes: 1_001 }))
    expect([history.count, history.bytes]).to.deep.equal([0, 0])
  })

  it('holds the ids of those whom its messages are for, as long as it keeps these', () => {
    const history = new History(bounds)
    const empty = history.heldBytes
    history.add(message(1, { ids: 3 }))
    const withIds = history.heldBytes
    for (let offset = 2; offset <= 4; offset++) history.add(message(offset))
    const withoutIds = history.heldBytes
    expect(withIds - empty).to.equal(10 + placeBytes.message + 3 * idBytes)
    expect(withoutIds - empty).to.equal(3 * (10 + placeBytes.message))
  })

  it('holds the ids of those whom a message is for, and of those whom it is not for', () => {
    const held = (audience: object): number => {
      const history = new History(bounds)
      const empty = history.heldBytes
      history.add({ ...message(1), audience } as KeptMessage)
      return (history.heldBytes - empty - 10 - placeBytes.message) / idBytes
    }
    const ids = (...names: string[]): ReadonlySet<string> => new Set(names)
    expect(held({ to: ids('a'), except: undefined })).to.equal(1)
    expect(held({ to: undefined, except: ids('a', 'b') })).to.equal(2)
    expect(held({ to: ids('a'), except: ids('b', 'c') })).to.equal(3)
  })

  it('forgets what is too old when a message comes, and has nothing to forget where it is empty', () => {
    const history = new History(bounds)
    history.prune(1_000)
    history.add(message(1, { atMs: 0 }))
    history.add(message(2, { atMs: 200 }))
    expect(offsets(history.newest(9))).to.deep.equal([2])
    history.prune(300)
    expect(history.count).to.equal(0)
  })

  it('has all after an offset where older ones were dropped', () => {
    const history = new History({ ...bounds, size: 10 })
    for (let offset = 1; offset <= 12; offset++) history.add(message(offset, { atMs: 0 }))
    expect(offsets(history.after(9, 12))).to.deep.equal([10, 11, 12])
    expect(offsets(history.after(2, 12))).to.have.length(10)
    expect(history.after(1, 12)).to.equal(undefined)
  })

  it('forgets what is too old, to the millisecond', () => {
    const history = new History(bounds)
    history.add(message(1, { atMs: 0 }))
    history.add(message(2, { atMs: 1 }))
    history.prune(99)
    expect(history.count).to.equal(2)
    history.prune(100)
    expect(offsets(history.newest(9))).to.deep.equal([2])
  })

  it('has all after an offset, or says that it has not', () => {
    const history = new History(bounds)
    expect([history.after(0, 0), history.after(0, 1)]).to.deep.equal([[], undefined])
    for (let offset = 1; offset <= 4; offset++) history.add(message(offset))
    expect(offsets(history.after(1, 4))).to.deep.equal([2, 3, 4])
    expect(offsets(history.after(3, 4))).to.deep.equal([4])
    expect(offsets(history.after(4, 4))).to.deep.equal([])
    expect([history.after(0, 4), history.after(5, 4)]).to.deep.equal([undefined, undefined])
  })

  it('counts the sessions that its messages are for', () => {
    const history = new History(bounds)
    history.add(message(1, { ids: 2 }))
    history.add(message(2))
    expect(history.heldBytes).to.equal(20 + 2 * placeBytes.message + 2 * idBytes)
  })

  it('begins again when it is cleared', () => {
    const history = new History(bounds)
    for (let offset = 1; offset <= 2; offset++) history.add(message(offset, { ids: 3 }))
    history.clear()
    expect([history.count, history.bytes, history.heldBytes, history.newest(9)]).to.deep.equal([0, 0, 0, []])
    history.add(message(3))
    expect([history.count, history.bytes, offsets(history.after(2, 3))]).to.deep.equal([1, 10, [3]])
    expect(history.heldBytes).to.equal(10 + placeBytes.message)
  })
})
