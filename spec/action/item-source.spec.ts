// What streams and what is a value, step by step, and how each kind is left.
import { Readable } from 'node:stream'
import { expect } from 'chai'
import {
  endsByItself,
  type ItemSource,
  isPromiseLike,
  itemSourceOf,
  leaveQuietly,
} from '../../lib/core/action/item-source.ts'

async function* slowly(): AsyncGenerator<number> {
  yield 1
}

function* quickly(): Generator<number> {
  yield 1
}

const sourceOf = (value: unknown): ItemSource => {
  const source = itemSourceOf(value)
  if (source === undefined) throw new Error('it is a value')
  return source
}

async function stepsOf(source: ItemSource): Promise<unknown[]> {
  const items: unknown[] = []
  for (let i = 0; i < 10; i++) {
    const { done, value } = await source.next()
    if (done) return [...items, 'end', value]
    items.push(value)
  }
  return [...items, 'no end']
}

describe('A source of items', () => {
  it('is a generator of either kind, a stream of either kind, and anything async-iterable', async () => {
    const iterable = { [Symbol.asyncIterator]: () => slowly() }
    const web = new ReadableStream({
      start(controller) {
        controller.enqueue(1)
        controller.close()
      },
    })
    for (const value of [slowly(), quickly(), iterable, Readable.from([1]), web])
      expect(await stepsOf(sourceOf(value))).to.deep.equal([1, 'end', undefined])
  })

  it('is no other value: not what is iterable at once, nor what only looks like a stream', () => {
    const looks = { [Symbol.toStringTag]: 'ReadableStream' }
    for (const value of [undefined, null, 'text', 5, {}, [1], new Map(), new Set(), () => slowly(), looks])
      expect(itemSourceOf(value)).to.equal(undefined)
  })

  it('ends by itself where it is a generator, or says so', () => {
    expect(endsByItself(sourceOf(slowly()))).to.equal(true)
    expect(endsByItself(sourceOf(quickly()))).to.equal(true)
    expect(endsByItself(sourceOf(Readable.from([1])))).to.equal(false)
    expect(endsByItself(sourceOf(new ReadableStream()))).to.equal(false)
    const next = () => ({ done: true, value: undefined }) as const
    expect(endsByItself({ next })).to.equal(false)
    expect(endsByItself({ next, endsByItself: true })).to.equal(true)
    expect(endsByItself({ next, [Symbol.toStringTag]: 'Generators' } as ItemSource)).to.equal(false)
  })

  it('is destroyed where it is a stream of Node that waits for its next item', async () => {
    const stream = new Readable({ objectMode: true, read: () => undefined })
    const source = sourceOf(stream)
    const pending = Promise.resolve(source.next()).catch((error: unknown) => error)
    expect(await source.return?.(undefined)).to.deep.equal({ done: true, value: undefined })
    expect(stream.destroyed).to.equal(true)
    await pending
  })

  it('keeps what has one of the two methods of a stream as it is', () => {
    const iterator = slowly()
    for (const more of [{ destroy: () => undefined }, { pipe: () => undefined }])
      expect(itemSourceOf({ ...more, [Symbol.asyncIterator]: () => iterator })).to.equal(iterator)
  })

  it('is cancelled and let go where it is a stream of the web that waits for a chunk', async () => {
    let cancels = 0
    const stream = new ReadableStream({ cancel: () => void cancels++ })
    const source = sourceOf(stream)
    expect(stream.locked).to.equal(true)
    const pending = source.next()
    expect(await source.return?.(undefined)).to.deep.equal({ done: true, value: undefined })
    expect([cancels, stream.locked]).to.deep.equal([1, false])
    expect(await pending).to.deep.equal({ done: true, value: undefined })
  })

  it('is left quietly, whatever it throws at its end', async () => {
    let left = 0
    const next = () => ({ done: true, value: undefined }) as const
    await leaveQuietly(undefined)
    await leaveQuietly({ next })
    const leave = async (): Promise<never> => {
      await null
      left++
      throw new Error('at its end')
    }
    await leaveQuietly({ next, return: leave })
    expect(left).to.equal(1)
    const throwing = (): never => {
      throw new Error('at once')
    }
    await leaveQuietly({ next, return: throwing })
  })
})

describe('Something like a promise', () => {
  it('is an object with a method then', () => {
    expect(isPromiseLike(Promise.resolve())).to.equal(true)
    expect(isPromiseLike({ then: () => undefined })).to.equal(true)
    for (const value of [undefined, null, {}, { then: 1 }, 'then', Object.assign(() => undefined, { then: () => 1 })])
      expect(isPromiseLike(value)).to.equal(false)
  })
})
