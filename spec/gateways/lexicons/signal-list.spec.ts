// How much of a list of signals waits to be sent together: its bound, and what gives room back.
import { expect } from 'chai'
import { type Publication, SignalList } from '../../../lib/gateways/lexicons/signal-list.ts'

describe('A list of signals', () => {
  let list: SignalList
  let published: string[]

  beforeEach(() => {
    list = new SignalList(10)
    published = []
  })

  const of = (name: string, length: number): Publication => ({
    room: 'room',
    name,
    length,
    publish: async () => void published.push(name),
  })

  it('stores publications up to its length, and sends them before one for which there is no room', () => {
    expect([list.add(of('a', 4)), list.add(of('b', 6))]).to.deep.equal([true, true])
    list.settle()
    expect([published, list.isPublishing]).to.deep.equal([[], false])
    expect(list.add(of('c', 1))).to.equal(false)
    expect([published, list.isPublishing]).to.deep.equal([['a', 'b'], true])
    expect(list.add(of('d', 10)), 'all room was given back').to.equal(true)
  })

  it('has the room of a failed signal again, and drops what it published', () => {
    list.add(of('a', 10))
    list.fail()
    expect(list.add(of('b', 10))).to.equal(true)
    list.settle()
    expect([list.publish(), published]).to.deep.equal([true, ['b']])
  })
})
