// The lists of signals whose messages are on their way: for how long they order what other clients receive.
import { expect } from 'chai'
import { deferred } from '../../../lib/core/base/deferred.ts'
import type { BatchEntry } from '../../../lib/gateways/lexicons/entry-batch.ts'
import { PublishingLists } from '../../../lib/gateways/lexicons/publishing-lists.ts'
import { type Publication, SignalList } from '../../../lib/gateways/lexicons/signal-list.ts'

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

const entry = (room: string, name: string): BatchEntry => ({ entry: { [name]: 1 }, room, text: '' })

/** A list of signals that has published one message after the other, each to a room of its own. */
function listOf(...names: readonly string[]): SignalList {
  const list = new SignalList(1_000)
  for (const name of names) {
    const publication: Publication = { room: `room of ${name}`, name, length: 1, publish: async () => undefined }
    list.add(publication)
    list.settle()
  }
  list.reply({ Reply: 1 })
  return list
}

const a = entry('room of A', 'A')
const b = entry('room of B', 'B')

describe('The lists that are being published', () => {
  it('order what arrives as their signals, without their replies, while the work lasts and two turns longer', async () => {
    const lists = new PublishingLists()
    expect(lists.arrange([b, a])).to.deep.equal([b, a])
    const { promise, resolve } = deferred<string>()
    const during = lists.during(listOf('A', 'B'), () => promise)
    await turn()
    await turn()
    await turn()
    expect(lists.arrange([b, a])).to.deep.equal([a, b])
    resolve('done')
    expect(await during).to.equal('done')
    const orders: string[] = []
    for (let turns = 0; turns < 3; turns++) {
      orders.push(Object.keys(lists.arrange([b, a])[0]?.entry ?? {}).join())
      await turn()
    }
    expect(orders).to.deep.equal(['A', 'A', 'B'])
  })

  it('order by each of them, and take nothing away', async () => {
    const lists = new PublishingLists()
    const { promise, resolve } = deferred<void>()
    const c = entry('room of C', 'C')
    const d = entry('room of D', 'D')
    const all = [lists.during(listOf('A', 'B'), () => promise), lists.during(listOf('C', 'D'), () => promise)]
    expect(lists.arrange([d, c, b, a])).to.deep.equal([c, d, a, b])
    resolve()
    await Promise.all(all)
  })

  it('leave a single entry as it is', () => {
    const lists = new PublishingLists()
    const given = [a]
    void lists.during(listOf('A'), async () => undefined)
    expect(lists.arrange(given)).to.equal(given)
    expect(lists.arrange([])).to.deep.equal([])
  })
})
