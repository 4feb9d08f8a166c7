// Whose bytes are read when, where one address sends more than others.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect } from 'chai'
import type { Account } from '../../lib/core/accounting/account.ts'
import { Accounting } from '../../lib/core/accounting/accounting.ts'
import { FairReader, ReadTurns } from '../../lib/core/link/read-turns.ts'

const flood = 4_000

describe('ReadTurns', () => {
  let accounting: Accounting
  let turns: ReadTurns
  let reads: string[]
  let nowMs: number

  beforeEach(() => {
    accounting = new Accounting({ maxHeldBytes: Number.POSITIVE_INFINITY, isShared: () => false })
    turns = new ReadTurns({ now: () => nowMs })
    reads = []
    nowMs = 0
  })

  function accountAt(address: string): Account {
    return accounting.open({ owner: { address, identity: undefined }, bytes: 0, shed: () => undefined })
  }

  /** A link whose chunks have so many frames each. */
  function linkOf(name: string, account: Account, frames: number, canWait = true) {
    const link = {
      name,
      isPaused: false,
      ...(canWait && { pause: () => mark(true), resume: () => mark(false) }),
    }
    const mark = (isPaused: boolean): void => void Object.assign(link, { isPaused })
    const read = (): number => {
      reads.push(name)
      return frames
    }
    return Object.assign(link, { reader: new FairReader({ turns, account, link, chunks: { read } }) })
  }

  const chunk = new Uint8Array(64)

  it('reads at once what an address sends that sends little', () => {
    const link = linkOf('a', accountAt('192.0.2.1'), 10)
    for (let i = 0; i < 50; i++) link.reader.take(chunk)
    expect(reads).to.have.length(50)
    expect(link.isPaused).to.equal(false)
  })

  it('keeps the bytes that wait as they were: the next read may write over the chunk', async () => {
    const account = accountAt('192.0.2.1')
    const read: number[] = []
    const link = { pause: () => undefined, resume: () => undefined }
    const chunks = { read: (bytes: Uint8Array) => flood * read.push(bytes[0] as number) }
    const reader = new FairReader({ turns, account, link, chunks })
    const memory = new Uint8Array(64)
    for (const first of [1, 2, 3]) reader.take(memory.fill(first))
    memory.fill(4)
    await nextTurn()
    await nextTurn()
    expect(read).to.deep.equal([1, 2, 3])
  })

  it('lets all links of an address wait for their turns that has sent much, and no other', async () => {
    const account = accountAt('192.0.2.1')
    const [one, two] = [linkOf('one', account, flood), linkOf('two', accountAt('192.0.2.1'), flood)]
    const other = linkOf('other', accountAt('192.0.2.2'), 1)
    for (const link of [one, one, two, other]) link.reader.take(chunk)
    expect(reads).to.deep.equal(['one', 'other'])
    expect([one.isPaused, two.isPaused, other.isPaused]).to.deep.equal([true, true, false])
    await nextTurn()
    expect(reads).to.deep.equal(['one', 'other', 'one'])
    expect([one.isPaused, two.isPaused]).to.deep.equal([false, true])
    other.reader.take(chunk)
    await nextTurn()
    expect(reads).to.deep.equal(['one', 'other', 'one', 'other', 'two'])
    expect([one.isPaused, two.isPaused]).to.deep.equal([false, false])
  })

  it('reads one link of each address in a turn, where several of both wait', async () => {
    const [a, b] = [accountAt('192.0.2.1'), accountAt('192.0.2.2')]
    const [a1, a2, b1, b2] = [
      linkOf('a1', a, flood),
      linkOf('a2', a, flood),
      linkOf('b1', b, flood),
      linkOf('b2', b, flood),
    ]
    for (const link of [a1, a1, a2, b1, b1, b2]) link.reader.take(chunk)
    expect(reads).to.deep.equal(['a1', 'b1'])
    await nextTurn()
    expect(reads.splice(0)).to.deep.equal(['a1', 'b1', 'a1', 'b1'])
    await nextTurn()
    expect(reads).to.deep.equal(['a2', 'b2'])
  })

  it('begins again with each turn', async () => {
    const link = linkOf('a', accountAt('192.0.2.1'), 600)
    for (let turn = 0; turn < 5; turn++) {
      link.reader.take(chunk)
      await nextTurn()
    }
    expect(reads).to.have.length(5)
    link.reader.take(chunk)
    expect(link.isPaused).to.equal(false)
  })

  it('keeps the order of what came before a link was paused, and counts it', async () => {
    const account = accountAt('192.0.2.1')
    const sizes: number[] = []
    const link = { pause: () => undefined, resume: () => undefined }
    const read = ({ length }: Uint8Array): number => {
      sizes.push(length)
      return flood
    }
    const reader = new FairReader({ turns, account, link, chunks: { read } })
    for (const size of [1, 2_000, 3_000]) reader.take(new Uint8Array(size))
    expect(sizes).to.deep.equal([1])
    expect(accounting.usage().held.frames).to.equal(5_000)
    await nextTurn()
    expect(sizes).to.deep.equal([1, 2_000, 3_000])
    expect(accounting.usage().held.frames).to.equal(0)
  })

  it('forgets what a link has kept that ends', async () => {
    const link = linkOf('a', accountAt('192.0.2.1'), flood)
    for (let i = 0; i < 3; i++) link.reader.take(chunk)
    link.reader.close()
    await nextTurn()
    expect(reads).to.deep.equal(['a'])
  })

  it('reads less of each the more have sent much', async () => {
    const links = Array.from({ length: 40 }, (_, i) => linkOf(`${i}`, accountAt(`192.0.2.${i}`), 103))
    for (const link of links) link.reader.take(chunk)
    for (const link of links) link.reader.take(chunk)
    // 4 096 of 40 are 102.4 each.
    expect(links.filter(({ isPaused }) => isPaused)).to.have.length(40)
    expect(reads).to.have.length(40)
    await nextTurn()
    expect(reads).to.have.length(80)
    expect(links.filter(({ isPaused }) => isPaused)).to.have.length(0)
  })

  it('reads less while turns take long, and as much as before once they do not', async () => {
    const link = linkOf('a', accountAt('192.0.2.1'), 600)
    const takes = async (ms: number): Promise<number> => {
      const before = reads.length
      for (let i = 0; i < 3; i++) link.reader.take(chunk)
      const count = reads.length - before
      nowMs += ms
      await nextTurn()
      nowMs += ms
      await nextTurn()
      await nextTurn()
      return count
    }
    expect(await takes(21)).to.equal(2)
    for (let i = 0; i < 4; i++) await takes(21)
    expect(await takes(0)).to.equal(1)
    for (let i = 0; i < 8; i++) await takes(0)
    expect(await takes(0)).to.equal(2)
  })

  it('does not hold up a link that cannot wait', () => {
    const link = linkOf('a', accountAt('192.0.2.1'), flood, false)
    for (let i = 0; i < 3; i++) link.reader.take(chunk)
    expect(reads).to.have.length(3)
  })
})
