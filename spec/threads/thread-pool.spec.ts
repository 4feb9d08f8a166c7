// The pool of threads by itself: made when it is used, closed once, and closed also where it never was used.
import { expect } from 'chai'
import { ThreadPool, type ThreadUse } from '../../lib/features/threads/thread-pool.ts'
import { failureOf } from '../setup/world.ts'

describe('A pool of threads', () => {
  const reported: unknown[] = []
  const make = () => new ThreadPool({ max: 1, idleTimeoutMs: 1_000, maxQueue: 1 }, (error) => reported.push(error))

  it('that was never used is closed, as often as one likes', async () => {
    const pool = make()
    await pool.idle()
    await pool.close()
    await pool.close()
    expect(pool.waitingCount).to.equal(0)
  })

  it('that was closed makes no thread any more', async () => {
    const pool = make()
    await pool.close()
    const never = new AbortController().signal
    const use = { task: {}, move: [], kill: never, hasBegun: () => false } as unknown as ThreadUse
    expect((await failureOf(pool.run(use))).message).to.equal('the threads are closed')
    await pool.close()
    expect(reported).to.deep.equal([])
  })

  it('lets work wait for one that has a thread, in its order, and no more than may', async () => {
    const pool = make()
    const never = new AbortController().signal
    const order: string[] = []
    let end: () => void = () => undefined
    const first = pool.whenFree(never, async () => {
      await new Promise<void>((resolve) => {
        end = resolve
      })
      order.push('first')
    })
    const second = pool.whenFree(never, async () => void order.push('second'))
    expect(pool.waitingCount).to.equal(1)
    const refusal = await failureOf(pool.whenFree(never, async () => void order.push('third')))
    expect(refusal).to.include({ code: 'BUSY', notStarted: true })
    let isIdle = false
    const idle = pool.idle().then(() => {
      isIdle = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(isIdle).to.equal(false)
    end()
    await Promise.all([first, second, idle])
    expect(order).to.deep.equal(['first', 'second'])
    await pool.close()
  })
})
