// How messages that belong to no transaction are written: many in one commit, and once where the answer of a commit is lost.
import { expect } from 'chai'
import { BusyError, OutcomeUnknownError } from 'isock'
import type { LoggedMessage, OutgoingMessage } from '../../../lib/core/server/message-logs.ts'
import type { DurableStore, Run } from '../../../lib/features/data/durable/durable-store.ts'
import { MessageWriter } from '../../../lib/features/data/durable/message-writer.ts'
import type { RoomRows } from '../../../lib/features/data/durable/room-rows.ts'
import { failureOf } from '../../setup/world.ts'

const message = (key: string, item = 'text'): OutgoingMessage => ({
  channel: 'News',
  key,
  item,
  to: undefined,
  except: undefined,
})

/** A store whose commits do what the spec says. */
class FakeStore {
  readonly committed: LoggedMessage[][] = []
  /** What happens to the next transactions. */
  readonly fates: ('away' | 'answer lost' | 'not committed' | 'never answered')[] = []
  transactions = 0
  readonly #batches = new Map<string, LoggedMessage[]>()

  readonly rows = {
    write: async (_run: Run, messages: readonly OutgoingMessage[], batch: string) => {
      const heads = new Map<string, number>()
      const number = (key: string): number => {
        const head = heads.get(key) ?? this.committed.flat().filter((each) => each.key === key).length
        heads.set(key, head + 1)
        return head + 1
      }
      const written = messages.map((each) => ({ ...each, offset: number(each.key), atMs: 0 }))
      this.#written = { written, batch }
      return written
    },
    // A transaction sees what it has written itself.
    found: async (_run: Run, _messages: readonly OutgoingMessage[], batch: string) =>
      this.#written?.batch === batch ? this.#written.written : this.#batches.get(batch),
  } as unknown as RoomRows
  #written: { written: LoggedMessage[]; batch: string } | undefined

  readonly store = {
    transaction: async <T>(work: (run: Run) => Promise<T>): Promise<T> => {
      for (;;) {
        this.transactions++
        const fate = this.fates.shift()
        if (fate === 'away') throw new Error('the store is away')
        const result = await work(async () => [])
        const { written, batch } = this.#written as { written: LoggedMessage[]; batch: string }
        if (fate !== 'not committed') {
          this.committed.push(written)
          this.#batches.set(batch, written)
        }
        if (fate === 'never answered') throw new Error('the store is away')
        if (fate === undefined) return result
      }
    },
  } as unknown as DurableStore
}

describe('A writer of messages', () => {
  let fake: FakeStore
  let heard: number[][]
  let writer: MessageWriter

  beforeEach(() => {
    fake = new FakeStore()
    heard = []
    writer = new MessageWriter(fake.store, fake.rows, (messages) => heard.push(messages.map(({ offset }) => offset)))
  })

  it('writes those of a turn in one commit, and says the number of each', async () => {
    const keys = ['a', 'b', 'a', 'a', 'b']
    expect(await Promise.all(keys.map((key) => writer.append(message(key))))).to.deep.equal([1, 1, 2, 3, 2])
    expect(fake.transactions).to.equal(1)
    expect(heard.flat()).to.have.length(5)
  })

  it('writes those that come meanwhile in the next one', async () => {
    const first = writer.append(message('a'))
    await new Promise((resolve) => setImmediate(resolve))
    const more = [writer.append(message('a')), writer.append(message('a'))]
    expect(await Promise.all([first, ...more])).to.deep.equal([1, 2, 3])
    expect(fake.transactions).to.be.at.most(2)
  })

  it('writes at most 512 in one commit', async () => {
    const offsets = await Promise.all(Array.from({ length: 1_200 }, () => writer.append(message('a'))))
    expect(offsets).to.deep.equal(Array.from({ length: 1_200 }, (_, i) => i + 1))
    expect(fake.committed.map(({ length }) => length)).to.deep.equal([512, 512, 176])
  })

  it('says that nothing was published where the store was away', async () => {
    fake.fates.push('away')
    const error = await failureOf(writer.append(message('a')))
    expect(error).to.be.instanceOf(BusyError).with.property('notStarted', true)
    expect(await writer.append(message('a'))).to.equal(1)
  })

  it('does not write again what was committed, where the answer of the commit was lost', async () => {
    fake.fates.push('answer lost')
    expect(await Promise.all([writer.append(message('a')), writer.append(message('a'))])).to.deep.equal([1, 2])
    expect(fake.committed.flat().map(({ offset }) => offset)).to.deep.equal([1, 2])
    expect(heard).to.deep.equal([[1, 2]])
  })

  it('writes again what was not committed', async () => {
    fake.fates.push('not committed')
    expect(await writer.append(message('a'))).to.equal(1)
    expect(fake.committed).to.have.length(1)
  })

  it('says that it is unknown where the store does not come back after the commit', async () => {
    fake.fates.push('never answered')
    expect(await failureOf(writer.append(message('a')))).to.be.instanceOf(OutcomeUnknownError)
  })

  it('lets a bounded number wait', async () => {
    const waiting = Array.from({ length: 10_000 }, () => writer.append(message('a')))
    expect(await failureOf(writer.append(message('a')))).to.be.instanceOf(BusyError)
    await Promise.all(waiting)
    expect(await writer.append(message('a'))).to.equal(10_001)
  })

  it('lets a bounded number of bytes wait', async () => {
    const large = 'x'.repeat(8 * 1024 * 1024)
    const waiting = Array.from({ length: 4 }, () => writer.append(message('a', large)))
    expect(await failureOf(writer.append(message('a')))).to.be.instanceOf(BusyError)
    await Promise.all(waiting)
    expect(fake.committed.map(({ length }) => length)).to.deep.equal([1, 1, 1, 1])
  })
})
