// Slabs lend the same memory to many writers, one after the other: nobody may write where somebody else has written.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import fc from 'fast-check'
import { Slabs } from '../../lib/core/wire/bytes/slabs.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { writeFrame } from '../../lib/core/wire/frames/frame-writer.ts'
import { MsgpackWriter } from '../../lib/core/wire/frames/msgpack-writer.ts'
import { anySessionFrame } from './frame-arbitrary.ts'
import { bytesOfFrames } from './frame-bytes.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** What one of several writers does next. */
const anyStep = fc.oneof(
  { weight: 5, arbitrary: fc.record({ writer: fc.nat(4), frame: anySessionFrame }) },
  { weight: 2, arbitrary: fc.record({ writer: fc.nat(4), frame: fc.constant(undefined) }) },
)

describe('Slabs', () => {
  it('never change what was taken, however many writers take turns', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { maxLength: 60 }), (steps) => {
        const slabs = new Slabs()
        const writers = Array.from({ length: 5 }, () => ({
          writer: new MsgpackWriter(slabs),
          expected: [] as Buffer[],
          taken: [] as Uint8Array[],
        }))
        for (const { writer: index, frame } of steps) {
          const side = writers[index]!
          if (frame === undefined) side.taken.push(...side.writer.take())
          else {
            writeFrame(side.writer, frame)
            side.expected.push(bytesOfFrames(frame))
          }
        }
        for (const { writer, expected, taken } of writers) {
          taken.push(...writer.take())
          expect(Buffer.concat(taken).equals(Buffer.concat(expected))).to.equal(true)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('lend the rest of a slab to the next writer', () => {
    const slabs = new Slabs()
    const [first, second] = [new MsgpackWriter(slabs), new MsgpackWriter(slabs)]
    writeFrame(first, { kind: Kind.Ping })
    const [a] = first.take()
    writeFrame(second, { kind: Kind.Pong })
    const [b] = second.take()
    expect(a!.buffer).to.equal(b!.buffer)
    expect(a!.byteOffset + a!.length).to.equal(b!.byteOffset)
  })

  it('lend to two writers at once two different slabs', () => {
    const slabs = new Slabs()
    const [a, b] = [slabs.borrow(100), slabs.borrow(100)]
    expect(a.bytes.buffer).to.not.equal(b.bytes.buffer)
  })

  it('have room for what is asked, also for more than a slab', () => {
    const slabs = new Slabs()
    for (const room of [1, 65_536, 65_537, 1_000_000]) {
      const slab = slabs.borrow(room)
      expect(slab.bytes.length - slab.start).to.be.at.least(room)
    }
  })

  it('keep nothing of a writer that is idle, and no more than a few rests', () => {
    const slabs = new Slabs()
    const lent = Array.from({ length: 100 }, () => slabs.borrow(100))
    for (const slab of lent) slabs.giveBack(slab)
    const again = new Set(Array.from({ length: 100 }, () => slabs.borrow(100)))
    expect(lent.filter((slab) => again.has(slab))).to.have.length(32)
  })

  it('are not held by writers whose frames were taken', async () => {
    const slabs = new Slabs()
    const writers = Array.from({ length: 50 }, () => new MsgpackWriter(slabs))
    const lent = writers.map((writer) => {
      writeFrame(writer, { kind: Kind.Ping })
      const [written] = writer.take()
      // The rest of it is lent to somebody else, who lets go of it.
      slabs.borrow(100)
      return new WeakRef((written as Uint8Array).buffer)
    })
    // What a WeakRef was made of stays until the turn is over.
    await nextTurn()
    collectGarbage()
    expect(lent.filter((slab) => slab.deref() !== undefined)).to.have.length(0)
    expect(writers.every((writer) => writer.size === 0)).to.equal(true)
  })

  it('let go of what is nearly full, and of what was made for one large value', () => {
    const slabs = new Slabs()
    const full = slabs.borrow(100)
    full.start = full.bytes.length - 511
    slabs.giveBack(full)
    const large = slabs.borrow(100_000)
    slabs.giveBack(large)
    expect(slabs.borrow(1)).to.not.be.oneOf([full, large])
  })
})
