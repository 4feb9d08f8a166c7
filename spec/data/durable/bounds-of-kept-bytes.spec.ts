// The bounds of the bytes that one session keeps in its store: from which size a result is dropped, and when calls are refused.
import { expect } from 'chai'
import { BusyError } from 'isock'
import { deferred } from '../../../lib/core/base/deferred.ts'
import type { SlotSize } from '../../../lib/features/data/durable/answer-rows.ts'
import { KeptBytes } from '../../../lib/features/data/durable/kept-bytes.ts'

const KiB = 1024
const large = 64 * KiB + 1

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

class Dropped {
  readonly all: SlotSize[][] = []
  /** Drops settle after this. */
  gate: Promise<void> = Promise.resolve()

  readonly drop = async (results: readonly SlotSize[]): Promise<void> => {
    this.all.push([...results])
    await this.gate
  }

  get seqs(): number[][] {
    return this.all.map((results) => results.map(({ seq }) => seq))
  }
}

describe('The bounds of kept bytes', () => {
  let dropped: Dropped

  beforeEach(() => {
    dropped = new Dropped()
  })

  const kept = (maxBytes: number, slotCount = 0, adopted: readonly SlotSize[] = []): KeptBytes =>
    new KeptBytes({ maxBytes, slotCount, drop: dropped.drop }, adopted)

  it('are at least what an idle client may leave unacknowledged', () => {
    for (const slotCount of [0, 100]) {
      const most = 256 * KiB + slotCount * 256
      const bytes = kept(1, slotCount)
      bytes.committed(1, 101, most)
      expect(bytes.refusal(false)).to.equal(undefined)
      bytes.committed(2, 102, 1)
      const error = bytes.refusal(false)
      expect(error).to.be.instanceOf(BusyError)
      expect(error?.message).to.equal(
        `this session has more than ${most} bytes of results in the store that its client has not acknowledged; read them, or raise limits.maxLedgerBytes`,
      )
    }
  })

  it('are those of the options if these are higher', () => {
    const bytes = kept(1024 * KiB, 100)
    bytes.committed(1, 101, 1024 * KiB)
    expect(bytes.refusal(true)).to.equal(undefined)
    bytes.committed(1, 102, 1024 * KiB + 1)
    expect(bytes.refusal(true)).to.be.instanceOf(BusyError)
  })

  it('drop a result with an acknowledgement of its own if it has more than 64 KiB', async () => {
    const bytes = kept(1024 * KiB)
    bytes.committed(1, 101, large - 1)
    bytes.acknowledged(1, 101)
    await settled()
    expect(dropped.seqs).to.deep.equal([])
    bytes.committed(2, 102, large)
    bytes.acknowledged(2, 102)
    await settled()
    expect(dropped.seqs).to.deep.equal([[102]])
  })

  it('drop small ones only if more than half of what may be kept is', async () => {
    const half = kept(1024 * KiB)
    half.committed(1, 101, 512 * KiB - 1)
    half.committed(2, 102, 1)
    half.acknowledged(2, 102)
    await settled()
    expect(dropped.seqs).to.deep.equal([])
    half.committed(3, 103, 1)
    half.acknowledged(3, 103)
    await settled()
    expect(dropped.seqs).to.deep.equal([[102, 103]])
  })

  it('drop at most 100 in one transaction, and the rest in further ones', async () => {
    const bytes = kept(100_000 * KiB)
    for (let slot = 1; slot <= 201; slot++) bytes.committed(slot, 1_000 + slot, large)
    for (let slot = 1; slot <= 201; slot++) bytes.acknowledged(slot, 1_000 + slot)
    await settled()
    expect(dropped.all.map((results) => results.length)).to.deep.equal([100, 100, 1])
  })

  it('count what was dropped no more, and count what is dropped until then', async () => {
    const gate = deferred<void>()
    dropped.gate = gate.promise
    const bytes = kept(1024 * KiB)
    bytes.committed(1, 101, 1024 * KiB + 1)
    bytes.acknowledged(1, 101)
    await settled()
    expect(bytes.refusal(true)).to.be.instanceOf(BusyError)
    await settled()
    expect(dropped.seqs).to.deep.equal([[101]])
    gate.resolve()
    await settled()
    expect(bytes.refusal(true)).to.equal(undefined)
    bytes.committed(2, 102, 1024 * KiB)
    expect(bytes.refusal(true)).to.equal(undefined)
    bytes.acknowledged(1, 101)
    bytes.acknowledged(2, 102)
    await settled()
    expect(dropped.seqs).to.deep.equal([[101], [102]])
  })

  it('still count a result of a later call that came while the former was dropped', async () => {
    const gate = deferred<void>()
    dropped.gate = gate.promise
    const bytes = kept(1024 * KiB)
    bytes.committed(1, 101, large)
    bytes.acknowledged(1, 101)
    await settled()
    bytes.committed(1, 201, 1024 * KiB + 1)
    gate.resolve()
    await settled()
    expect(bytes.refusal(true)).to.be.instanceOf(BusyError)
    await settled()
    expect(dropped.seqs).to.deep.equal([[101]])
  })

  it('take an acknowledgement of a later call of the slot for this one, and none of an unknown slot', async () => {
    const bytes = kept(1024 * KiB)
    bytes.committed(1, 101, large)
    bytes.acknowledged(2, 500)
    bytes.acknowledged(1, 100)
    await settled()
    expect(dropped.seqs).to.deep.equal([])
    bytes.acknowledged(1, 201)
    await settled()
    expect(dropped.seqs).to.deep.equal([[101]])
  })

  it('let a later call of the slot overwrite what is acknowledged', async () => {
    const bytes = kept(1024 * KiB)
    bytes.committed(1, 101, 64 * KiB)
    bytes.acknowledged(1, 101)
    bytes.committed(1, 201, 1024 * KiB + 1)
    expect(bytes.refusal(true)).to.be.instanceOf(BusyError)
    await settled()
    expect(dropped.seqs).to.deep.equal([])
  })

  it('take what another server has recorded for acknowledged once, with the first new call', async () => {
    const bytes = kept(1024 * KiB, 0, [
      { slot: 1, seq: 101, bytes: large },
      { slot: 2, seq: 102, bytes: large },
    ])
    expect(bytes.refusal(false)).to.equal(undefined)
    await settled()
    expect(dropped.seqs).to.deep.equal([])
    bytes.claim(101)
    expect(bytes.refusal(true)).to.equal(undefined)
    await settled()
    expect(dropped.seqs).to.deep.equal([[102]])
    expect(bytes.refusal(true)).to.equal(undefined)
    await settled()
    expect(dropped.seqs).to.deep.equal([[102]])
    bytes.claim(101)
    bytes.acknowledged(1, 101)
    await settled()
    expect(dropped.seqs).to.deep.equal([[102], [101]])
  })
})
