// A queue that its members leave from anywhere.
import { expect } from 'chai'
import { Queue } from '../../lib/core/base/queue.ts'
import { elementsWalked } from '../setup/walked-elements.ts'

describe('A queue', () => {
  it('gives what it has in order', () => {
    const queue = new Queue<string>()
    for (const name of ['a', 'b', 'c']) queue.add(name)
    expect([queue.length, queue.take(), queue.length]).to.deep.equal([3, 'a', 2])
    queue.add('d')
    expect([queue.takeAll(), queue.length, queue.take()]).to.deep.equal([['b', 'c', 'd'], 0, undefined])
    queue.add('e')
    expect(queue.take()).to.equal('e')
  })

  it('lets each leave once, from anywhere', () => {
    const queue = new Queue<number>()
    const places = [0, 1, 2, 3, 4].map((n) => queue.add(n))
    for (const n of [2, 0, 4]) expect(places[n]?.leave(), `${n}`).to.equal(true)
    expect(places[2]?.leave()).to.equal(false)
    expect([queue.length, queue.take()]).to.deep.equal([2, 1])
    expect(places[1]?.leave(), 'one that was taken').to.equal(false)
    const last = queue.add(5)
    expect(queue.takeAll()).to.deep.equal([3, 5])
    expect([last.leave(), queue.length]).to.deep.equal([false, 0])
  })

  it('leaves out who leaves while all are taken, and takes who comes then', () => {
    const queue = new Queue<() => void>()
    const told: string[] = []
    queue.add(() => {
      told.push('first')
      later.leave()
    })
    const later = queue.add(() => told.push('later'))
    for (let tell = queue.take(); tell !== undefined; tell = queue.take()) tell()
    expect(told).to.deep.equal(['first'])
  })

  it('is left without a search', async () => {
    const queue = new Queue<number>()
    const places = Array.from({ length: 2_000 }, (_, n) => queue.add(n))
    const walked = await elementsWalked(() => {
      for (let n = places.length - 1; n >= 0; n--) places[n]?.leave()
    })
    expect([walked, queue.length]).to.deep.equal([0, 0])
  })
})
