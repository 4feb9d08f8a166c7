// The channels that one client is in by themselves: each once, as many as may be, and what ends one.
import { expect } from 'chai'
import { Memberships } from '../../../lib/gateways/lexicons/memberships.ts'
import { BusyError, Channel } from '../../../lib/index.ts'
import { settle, VirtualClock } from '../../setup/virtual-clock.ts'
import { failureOf } from '../../setup/world.ts'

class News extends Channel<string> {}
class Other extends Channel<string> {}

class FakeSubscription {
  readonly options: object
  readonly handler: (message: unknown) => unknown
  isLeft = false
  letIn: () => void = () => undefined
  refuse: (error: Error) => void = () => undefined
  end: (error: Error) => void = () => undefined
  readonly ready = new Promise<void>((resolve, reject) => Object.assign(this, { letIn: resolve, refuse: reject }))
  readonly done = new Promise<void>((_, reject) => Object.assign(this, { end: reject }))

  constructor(handler: (message: unknown) => unknown, options: object) {
    this.handler = handler
    this.options = options
    this.done.catch(() => undefined)
  }

  unsubscribe(): void {
    this.isLeft = true
  }
}

describe('lexicons: memberships', () => {
  let clock: VirtualClock
  let begun: FakeSubscription[]
  let delivered: object[]
  let ended: unknown[]
  let memberships: Memberships

  beforeEach(() => {
    clock = new VirtualClock()
    begun = []
    delivered = []
    ended = []
    const subscribe = (_channel: unknown, handler: (message: unknown) => unknown, options: object) => {
      begun.push(new FakeSubscription(handler, options))
      return begun.at(-1)
    }
    memberships = new Memberships({
      client: { subscribe } as never,
      clock,
      maxSubscriptions: 2,
      timeoutMs: 1_000,
      deliver: (entry) => delivered.push(entry),
      onEnded: (error) => ended.push(error),
    })
  })

  afterEach(() => expect(clock.pendingCount, 'timers that are left').to.equal(0))

  const enter = async (...args: Parameters<Memberships['join']>) => {
    const joined = memberships.join(...args)
    begun.at(-1)?.letIn()
    await joined
    return begun.at(-1) as FakeSubscription
  }

  it('are one for each channel and room, with what its client asked for', async () => {
    const news = await enter(News)
    expect(news.options).to.deep.equal({})
    await memberships.join(News)
    await memberships.join(News, {})
    expect([begun.length, memberships.count]).to.deep.equal([1, 1])
    const room = await enter(News, { key: 'red', since: 'oldest' })
    expect(room.options).to.deep.equal({ key: 'red', since: 'oldest' })
    expect(memberships.count).to.equal(2)
    news.handler('hello')
    expect(delivered).to.deep.equal([{ News: 'hello' }])
  })

  it('that are on their way are waited for, not begun twice', async () => {
    const first = memberships.join(News)
    const second = memberships.join(News)
    let isSecondIn = false
    void second.then(() => {
      isSecondIn = true
    })
    await settle()
    expect([begun.length, isSecondIn]).to.deep.equal([1, false])
    begun[0]?.letIn()
    await Promise.all([first, second])
  })

  it('are as many as may be, and one that is left makes room for another', async () => {
    const [news] = [await enter(News), await enter(Other)]
    const refusal = await failureOf(memberships.join(News, { key: 'red' }))
    expect(refusal).to.be.instanceOf(BusyError)
    expect(refusal.message).to.contain('in 2 channels')
    await memberships.join(News)
    expect(memberships.leave(News, { key: 'red' })).to.equal(false)
    expect(news.isLeft).to.equal(false)
    expect(memberships.leave(News)).to.equal(true)
    expect([news.isLeft, memberships.leave(News), memberships.count]).to.deep.equal([true, false, 1])
    await enter(News, { key: 'red' })
    expect(memberships.count).to.equal(2)
  })

  it('are none where the channel does not let the client in, or does not answer in time', async () => {
    const refused = memberships.join(News)
    begun[0]?.refuse(new Error('not you'))
    expect((await failureOf(refused)).message).to.equal('not you')
    const late = failureOf(memberships.join(News))
    await clock.advance(999)
    expect(begun[1]?.isLeft).to.equal(false)
    await clock.advance(1)
    expect((await late).message).to.contain('the channel did not answer')
    expect([begun[0]?.isLeft, begun[1]?.isLeft, memberships.count]).to.deep.equal([true, true, 0])
    expect(ended).to.deep.equal([])
  })

  it('that end by themselves are told, once, and are none any more', async () => {
    const news = await enter(News)
    const removed = new Error('the channel was removed')
    news.end(removed)
    await settle()
    expect([ended, memberships.count]).to.deep.equal([[removed], 0])
    // One that was left, or has a successor, ends without a word.
    const left = await enter(News)
    memberships.leave(News)
    const successor = await enter(News)
    left.end(new Error('late'))
    await settle()
    expect([ended.length, memberships.count, successor.isLeft]).to.deep.equal([1, 1, false])
  })

  it('end all with their client, without a word', async () => {
    const all = [await enter(News), await enter(Other)]
    memberships.close()
    for (const each of all) {
      expect(each.isLeft).to.equal(true)
      each.end(new Error('gone'))
    }
    await settle()
    expect([ended, memberships.count]).to.deep.equal([[], 0])
  })
})
