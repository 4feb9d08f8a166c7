// A context that is nobody's, and one that is kept for a callback.
import { AsyncLocalStorage } from 'node:async_hooks'
import { expect } from 'chai'
import { keepContext, runClean } from '../../lib/core/base/async-context.ts'

describe('runClean', () => {
  const store = new AsyncLocalStorage<string>()

  it('leaves every run, and comes back to it', () => {
    store.run('mine', () => {
      expect(runClean(() => store.getStore(), undefined)).to.equal(undefined)
      expect(store.getStore()).to.equal('mine')
    })
  })

  it('forgets what was entered in it', () => {
    runClean(() => store.enterWith('left behind'), undefined)
    expect(runClean(() => store.getStore(), undefined)).to.equal(undefined)
  })

  it('is kept by what continues later', async () => {
    const afterATurn = async (): Promise<string | undefined> => {
      await null
      return store.getStore()
    }
    expect(await store.run('mine', () => runClean(afterATurn, undefined))).to.equal(undefined)
  })

  it('is clean where the library was loaded inside of a run', async () => {
    const path = '../../lib/core/base/async-context.ts'
    const loaded: typeof import('../../lib/core/base/async-context.ts') = await store.run(
      'who loads',
      () => import(`${path}?inside-a-run`),
    )
    expect(loaded).to.not.equal(await import(path))
    expect(loaded.runClean(() => store.getStore(), undefined)).to.equal(undefined)
    loaded.runClean(() => store.enterWith('left behind'), undefined)
    expect(loaded.runClean(() => store.getStore(), undefined)).to.equal(undefined)
  })

  it('hands its argument in, the result out, and lets errors through', () => {
    expect(runClean((n: number) => n + 1, 1)).to.equal(2)
    const fails = () => {
      throw new RangeError('as it is')
    }
    expect(() => runClean(fails, undefined)).to.throw(RangeError, 'as it is')
  })
})

describe('keepContext', () => {
  it('calls back in the context in which it was given', () => {
    const store = new AsyncLocalStorage<string>()
    const kept = store.run('mine', () => keepContext((a: number, b: number) => [store.getStore(), a + b]))
    expect(store.run('another', () => kept(1, 2))).to.deep.equal(['mine', 3])
  })
})
