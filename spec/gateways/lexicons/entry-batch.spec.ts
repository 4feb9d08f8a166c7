// What one client's channels deliver in a turn of the event loop: when it is sent, held back, and waited for.
import { expect } from 'chai'
import { deferred } from '../../../lib/core/base/deferred.ts'
import { type BatchEntry, EntryBatch, textOfEntry } from '../../../lib/gateways/lexicons/entry-batch.ts'

const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

/** Keeps what a batch sends; each sending is under way for as long as `under` says. */
class Sent {
  readonly lists: (readonly BatchEntry[])[] = []
  under: Promise<void> | undefined

  readonly batch = new EntryBatch((entries) => {
    this.lists.push(entries)
    return this.under
  })

  get names(): string[][] {
    return this.lists.map((entries) => entries.map(({ entry }) => Object.keys(entry).join()))
  }
}

/** An entry whose text has so many characters. */
const ofLength = (name: string, length: number): object => ({ [name]: 'x'.repeat(length - `{"${name}":""}`.length) })

describe('A batch of entries', () => {
  it('sends what one turn adds as one list, with its rooms and texts', async () => {
    const sent = new Sent()
    expect(sent.batch.add({ A: 1 }, 'room')).to.equal(undefined)
    sent.batch.add({ B: undefined })
    expect(sent.lists).to.deep.equal([])
    await turn()
    expect(sent.lists).to.deep.equal([
      [
        { entry: { A: 1 }, room: 'room', text: '{"A":1}' },
        { entry: { B: undefined }, room: undefined, text: '{"B":null}' },
      ],
    ])
  })

  it('sends again what the next turn adds, and nothing where nothing was added', async () => {
    const sent = new Sent()
    sent.batch.flush()
    sent.batch.add({ A: 1 })
    await turn()
    await turn()
    sent.batch.add({ B: 1 })
    await turn()
    expect(sent.names).to.deep.equal([['A'], ['B']])
  })

  it('sends immediately when asked, and not once more at the end of the turn', async () => {
    const sent = new Sent()
    sent.batch.add({ A: 1 })
    sent.batch.flush()
    expect(sent.names).to.deep.equal([['A']])
    await turn()
    expect(sent.names).to.deep.equal([['A']])
  })

  it('gathers up to a mebibyte of text, and sends it before one for which there is no room', () => {
    const most = 1024 * 1024
    const sent = new Sent()
    sent.batch.add(ofLength('A', 1_000))
    sent.batch.add(ofLength('B', most - 1_000))
    expect(sent.names).to.deep.equal([])
    sent.batch.add({ C: 1 })
    expect(sent.names).to.deep.equal([['A', 'B']])
    sent.batch.add(ofLength('D', most - '{"C":1}'.length))
    expect(sent.names, 'all room was given back').to.deep.equal([['A', 'B']])
    sent.batch.add({ E: 1 })
    expect(sent.names).to.deep.equal([
      ['A', 'B'],
      ['C', 'D'],
    ])
  })

  it('sends nothing before one that is larger than all by itself', async () => {
    const sent = new Sent()
    sent.batch.add(ofLength('A', 1024 * 1024 + 1))
    expect(sent.names).to.deep.equal([])
    await turn()
    expect(sent.names).to.deep.equal([['A']])
  })

  it('lets the next entries wait while it sends, and no longer', async () => {
    const sent = new Sent()
    const { promise, resolve } = deferred<void>()
    sent.under = promise
    sent.batch.add({ A: 1 })
    sent.batch.flush()
    expect(sent.batch.add({ B: 1 })).to.equal(promise)
    resolve()
    await promise
    expect(sent.batch.add({ C: 1 })).to.equal(undefined)
  })

  it('lets them wait for the last sending, whose end alone counts', async () => {
    const sent = new Sent()
    const first = deferred<void>()
    const second = deferred<void>()
    for (const { promise } of [first, second]) {
      sent.under = promise
      sent.batch.add({ A: 1 })
      sent.batch.flush()
    }
    first.resolve()
    await turn()
    expect(sent.batch.add({ B: 1 })).to.equal(second.promise)
    sent.under = undefined
    sent.batch.flush()
    expect(sent.batch.add({ C: 1 })).to.equal(second.promise)
    second.resolve()
    await turn()
    expect(sent.batch.add({ D: 1 })).to.equal(undefined)
  })

  it('takes no entry that cannot be sent', async () => {
    const sent = new Sent()
    const own: Record<string, unknown> = {}
    own['own'] = own
    expect(() => sent.batch.add({ A: own })).to.throw('payload')
    await turn()
    expect(sent.names).to.deep.equal([])
  })
})

describe('A batch that is held', () => {
  it('sends what it has, and returns what arrives in this turn and the next', async () => {
    const sent = new Sent()
    sent.batch.add({ A: 1 })
    expect(sent.batch.isHeld).to.equal(false)
    const held = sent.batch.hold()
    expect([sent.batch.isHeld, sent.names]).to.deep.equal([true, [['A']]])
    sent.batch.add({ B: 1 }, 'room')
    setImmediate(() => sent.batch.add({ C: 1 }))
    expect((await held).map(({ text, room }) => [text, room])).to.deep.equal([
      ['{"B":1}', 'room'],
      ['{"C":1}', undefined],
    ])
    expect(sent.batch.isHeld).to.equal(false)
    await turn()
    expect(sent.names).to.deep.equal([['A']])
  })

  it('is held for two turns', async () => {
    const sent = new Sent()
    const states: boolean[] = []
    const held = sent.batch.hold()
    for (let turns = 0; turns < 3; turns++) {
      await turn()
      states.push(sent.batch.isHeld)
    }
    expect(await held).to.deep.equal([])
    expect(states).to.deep.equal([true, false, false])
  })

  it('has room for as much again afterwards', async () => {
    const sent = new Sent()
    const held = sent.batch.hold()
    sent.batch.add(ofLength('A', 1024 * 1024))
    await held
    sent.batch.add(ofLength('B', 1024 * 1024))
    expect(sent.names).to.deep.equal([])
    await turn()
    expect(sent.names).to.deep.equal([['B']])
  })
})

describe('The text of an entry', () => {
  it('has null where there is no payload, and the payload itself elsewhere', () => {
    expect(textOfEntry({ A: undefined })).to.equal('{"A":null}')
    expect(textOfEntry({ A: null })).to.equal('{"A":null}')
    expect(textOfEntry({ A: 0, B: '', C: false })).to.equal('{"A":0,"B":"","C":false}')
  })
})
