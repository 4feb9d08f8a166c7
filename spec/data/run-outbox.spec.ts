// What a transactional run publishes: what is written with its commit, what is sent after it, and how much that may be.
import { expect } from 'chai'
import { ServerError, UnsendableError } from 'isock'
import type { LoggedMessage, OutgoingMessage } from '../../lib/core/server/message-logs.ts'
import type { Run } from '../../lib/features/data/durable/durable-store.ts'
import type { SharedLogs } from '../../lib/features/data/message-logs.ts'
import { RunOutbox } from '../../lib/features/data/run-outbox.ts'

const most = 4 * 1024 * 1024
const tooMuch =
  'cannot send a message: the messages of a transactional action leave with its commit, and these are more than 1024, or have more than 4194304 bytes'

class FakeLogs {
  opens = 0
  readonly writes: { run: Run; messages: readonly OutgoingMessage[]; batch: string }[] = []
  readonly committed: (readonly LoggedMessage[])[] = []

  async opened() {
    this.opens++
    return {
      write: async (run: Run, messages: readonly OutgoingMessage[], batch: string): Promise<LoggedMessage[]> => {
        this.writes.push({ run, messages: [...messages], batch })
        return messages.map((message, i) => ({ ...message, offset: i + 1, atMs: 7 }))
      },
      committed: (messages: readonly LoggedMessage[]) => void this.committed.push(messages),
    }
  }
}

const message = (item: string): OutgoingMessage => ({
  channel: 'News',
  key: 'a',
  item,
  to: undefined,
  except: undefined,
})
const run: Run = async () => []
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

describe('The outbox of a run', () => {
  let logs: FakeLogs
  let outbox: RunOutbox
  let sent: string[]

  beforeEach(() => {
    logs = new FakeLogs()
    outbox = new RunOutbox(logs as unknown as SharedLogs)
    sent = []
  })

  it('opens no log if no message needs one', async () => {
    outbox.afterCommit(() => sent.push('a'), 1)
    expect(outbox.hasMessages).to.equal(false)
    await outbox.write(run)
    outbox.committed()
    await settled()
    expect([logs.opens, logs.writes, logs.committed, sent]).to.deep.equal([0, [], [], ['a']])
  })

  it('writes its messages together, under a name of their own, and delivers them after the commit', async () => {
    outbox.add(message('a'))
    outbox.add(message('b'))
    expect(outbox.hasMessages).to.equal(true)
    await outbox.write(run)
    await outbox.write(run)
    expect(logs.writes.map(({ messages }) => messages.map(({ item }) => item))).to.deep.equal([
      ['a', 'b'],
      ['a', 'b'],
    ])
    expect(logs.writes.map((write) => write.run)).to.deep.equal([run, run])
    const [first, second] = logs.writes.map(({ batch }) => batch)
    expect(first).to.match(/^[\w-]{12}$/)
    expect(second)
      .to.match(/^[\w-]{12}$/)
      .and.not.equal(first)
    expect(logs.committed).to.deep.equal([])
    outbox.committed()
    await settled()
    expect(logs.committed).to.deep.equal([
      [
        { ...message('a'), offset: 1, atMs: 7 },
        { ...message('b'), offset: 2, atMs: 7 },
      ],
    ])
  })

  it('sends what is left once, in its order', async () => {
    for (const text of ['a', 'b']) outbox.afterCommit(() => sent.push(text), 1)
    expect(sent).to.deep.equal([])
    outbox.committed()
    outbox.committed()
    expect(sent).to.deep.equal(['a', 'b'])
  })

  it('takes nothing more when the run has ended', () => {
    outbox.end()
    for (const late of [() => outbox.add(message('a')), () => outbox.afterCommit(() => undefined, 1)])
      expect(late)
        .to.throw(ServerError, 'publish: the action has ended; await every publish')
        .with.property('code', 'INVALID_USAGE')
    expect(outbox.hasMessages).to.equal(false)
  })

  it('takes 1024 messages of both kinds', () => {
    for (let i = 0; i < 512; i++) {
      outbox.add(message(''))
      outbox.afterCommit(() => sent.push(''), 0)
    }
    expect(() => outbox.add(message('')))
      .to.throw(UnsendableError, tooMuch)
      .with.property('code', 'TOO_LARGE')
    expect(() => outbox.afterCommit(() => undefined, 0)).to.throw(UnsendableError, tooMuch)
    outbox.committed()
    expect(sent).to.have.length(512)
  })

  it('takes 4 MiB of both kinds', () => {
    outbox.add(message('x'.repeat(1_024)))
    outbox.afterCommit(() => sent.push('a'), most - 1_024)
    outbox.add(message(''))
    expect(() => outbox.add(message('x'))).to.throw(UnsendableError, tooMuch)
    const other = new RunOutbox(logs as unknown as SharedLogs)
    expect(() => other.afterCommit(() => undefined, most + 1)).to.throw(UnsendableError, tooMuch)
  })
})
