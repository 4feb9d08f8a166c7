// How payloads cross to a thread and back, and which memory moves with them.
import { expect } from 'chai'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import { fromSent, movable, toSent } from '../../lib/features/threads/thread-messages.ts'

describe('A payload between threads', () => {
  const rich = { json: '{}', meta: '{}', bytes: [new Uint8Array(2)] }

  it('is itself where it can be cloned', () => {
    const bytes = new Uint8Array(3)
    for (const payload of [undefined, '', 'text', bytes, rich]) {
      expect(toSent(payload)).to.equal(payload)
      expect(fromSent(toSent(payload))).to.equal(payload)
    }
  })

  it('is a copy of its part of the memory where it is packed', () => {
    const slab = Uint8Array.of(0, 1, 2, 3, 4)
    const sent = toSent(new Packed(slab, 1, 4)) as { packed: Uint8Array }
    expect(sent).to.deep.equal({ packed: Uint8Array.of(1, 2, 3) })
    expect(sent.packed.buffer).not.to.equal(slab.buffer)
    expect(sent.packed.buffer.byteLength).to.equal(3)
    const back = fromSent(sent as never) as Packed
    expect(back).to.be.instanceOf(Packed)
    expect([back.bytes, back.start, back.end]).to.deep.equal([sent.packed, 0, 3])
  })

  it('moves the memory that is its alone', () => {
    const bytes = new Uint8Array(3)
    expect([undefined, 'text'].map((sent) => movable(sent))).to.deep.equal([[], []])
    expect(movable(bytes)).to.deep.equal([bytes.buffer])
    expect(movable(bytes)[0]).to.equal(bytes.buffer)
    const packed = new Uint8Array(2)
    expect(movable({ packed })[0]).to.equal(packed.buffer)
    expect(movable({ packed })).to.have.length(1)
  })

  it('leaves memory that others use', () => {
    const slab = new ArrayBuffer(4)
    expect(movable(new Uint8Array(slab, 0, 3))).to.deep.equal([])
    expect(movable(new Uint8Array(slab, 1, 3))).to.deep.equal([])
    expect(movable(new Uint8Array(new SharedArrayBuffer(4)))).to.deep.equal([])
  })

  it('moves each memory of a rich one once', () => {
    const [one, two, part] = [new Uint8Array(1), new Uint8Array(2), new Uint8Array(new ArrayBuffer(4), 0, 3)]
    const sent = { json: '', meta: '', bytes: [one, part, two, one, new Uint8Array(two.buffer)] }
    const moved = movable(sent)
    expect(moved).to.have.length(2)
    expect([moved[0] === one.buffer, moved[1] === two.buffer]).to.deep.equal([true, true])
    expect(movable({ json: '', meta: '', bytes: [] })).to.deep.equal([])
  })
})
