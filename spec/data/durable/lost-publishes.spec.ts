// A connection to PostgreSQL that breaks while a message of a durable channel is committed: the message is there once, whatever was lost.
import { expect } from 'chai'
import { Database } from 'isock/data'
import { durableStore } from '../../../lib/features/data/database.ts'
import { MessageWriter } from '../../../lib/features/data/durable/message-writer.ts'
import { RoomRows } from '../../../lib/features/data/durable/room-rows.ts'
import { Relay } from '../relay.ts'
import { makePostgres, postgresUrl, type TestStore } from '../stores.ts'
import { Entry } from './shop.ts'

describe('A commit of published messages', function () {
  this.timeout(120_000)
  let store: TestStore
  let relay: Relay
  let database: Database
  let rows: RoomRows
  let writer: MessageWriter

  beforeEach(async function () {
    store = await makePostgres(this)
    relay = new Relay(postgresUrl)
    await relay.open()
    database = await new Database({ models: [Entry], ...store.options, url: relay.url }).open()
    const own = await database[durableStore]()
    rows = new RoomRows(own, false)
    writer = new MessageWriter(own, rows, () => undefined)
  })

  afterEach(async () => {
    relay.onSent = undefined
    relay.onAnswered = undefined
    await writer?.idle()
    await database?.close()
    await relay?.close()
    await store?.remove()
  })

  const isCommit = (bytes: Buffer): boolean => bytes.includes('COMMIT')
  const publish = (...items: string[]): Promise<number[]> =>
    Promise.all(
      items.map((item) => writer.append({ channel: 'News', key: '', item, to: undefined, except: undefined })),
    )
  const kept = async (): Promise<[number, unknown][]> =>
    (await rows.after({ channel: 'News', key: '' }, 0, 100)).messages.map(({ offset, item }) => [offset, String(item)])

  it('whose answer is lost is found, and not written again', async () => {
    expect(await publish('before')).to.deep.equal([1])
    const cuts = relay.loseAnswerTo(isCommit)
    expect(await publish('a', 'b')).to.deep.equal([2, 3])
    expect(cuts()).to.equal(1)
    expect((await kept()).map(([offset]) => offset)).to.deep.equal([1, 2, 3])
    expect(await publish('after')).to.deep.equal([4])
  })

  it('that does not arrive is made again', async () => {
    expect(await publish('before')).to.deep.equal([1])
    let cuts = 0
    relay.onSent = (bytes) => isCommit(bytes) && cuts++ === 0
    expect(await publish('a', 'b')).to.deep.equal([2, 3])
    expect(cuts).to.be.above(1)
    expect((await kept()).map(([offset]) => offset)).to.deep.equal([1, 2, 3])
    expect(await publish('after')).to.deep.equal([4])
  })
})
