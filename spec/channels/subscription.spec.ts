// The client's end of a room: its place, what it lost, which endings it continues after, and what it cannot read. The server is a
// script.
import { AsyncLocalStorage } from 'node:async_hooks'
import { getEventListeners } from 'node:events'
import { expect } from 'chai'
import {
  BusyError,
  ClientError,
  LinkError,
  OutcomeUnknownError,
  ProtocolError,
  ServerError,
} from '../../lib/core/base/errors.ts'
import { ListMembers, Publish, Subscribe, WatchPresence } from '../../lib/features/channels/channel-actions.ts'
import { begin as beginStream, end as endStream } from '../../lib/features/channels/resuming-stream.ts'
import { type SubscribeOptions, Subscription } from '../../lib/features/channels/subscription.ts'
import { settle } from '../setup/virtual-clock.ts'
import { ScriptedChannels } from './scripted-channels.ts'

const head = (offset: number, recovered = true, epoch = 'one', session = 's1') => ({
  epoch,
  offset,
  recovered,
  session,
})
const gone = { code: 'LINK_LOST', message: 'the room had to make room' }

describe('Subscription', () => {
  let server: ScriptedChannels
  let ended: unknown[]
  let subscription: Subscription<string>

  beforeEach(() => {
    server = new ScriptedChannels()
    ended = []
  })

  afterEach(async () => {
    subscription.unsubscribe()
    await server.clock.advance(60_000)
    expect(server.clock.pendingCount, 'timers that are left').to.equal(0)
  })

  function begin(options: SubscribeOptions = {}, handler?: (message: string) => unknown): Subscription<string> {
    subscription = new Subscription<string>(server.kit, { channel: 'News' }, options, (stream) => ended.push(stream))
    return subscription[beginStream](handler)
  }

  /** Until the next call has been made. */
  const pause = (): Promise<void> => server.clock.advance(1_000)
  const whyDone = (): Promise<unknown> =>
    subscription.done.then(
      () => 'in order',
      (error: unknown) => error,
    )

  it('asks for its room, from the next message on, as often as the client would', () => {
    begin()
    expect(server.calls).to.have.length(1)
    expect(server.call.action).to.equal(Subscribe)
    expect(server.call.data).to.deep.equal({ channel: 'News' })
    expect(server.call.options).to.deep.equal({ retry: Number.POSITIVE_INFINITY })
  })

  it('asks for what came after a place, where it is told one', () => {
    begin({ since: 'oldest', retry: 4 })
    expect(server.call.data).to.deep.equal({ channel: 'News', since: 'oldest' })
    expect(server.call.options).to.deep.equal({ retry: 4 })
  })

  it('is ready when the server has let it in, and hands over messages in their order', async () => {
    const heard: string[] = []
    begin({}, (message) => heard.push(message))
    server.call.give(head(3))
    await subscription.ready
    server.call.give([4, 'a'], [5, 'b'])
    await settle()
    expect(heard).to.deep.equal(['a', 'b'])
    expect([subscription.recovered, subscription.lostCount, subscription.isOver]).to.deep.equal([true, 0, false])
  })

  it('knows the place after the last message that was handed over, not after the last that came', async () => {
    begin()
    expect(subscription.position).to.equal(undefined)
    server.call.give(head(3), [4, 'a'], [5, 'b'])
    await subscription.ready
    expect(subscription.position).to.deep.equal({ epoch: 'one', offset: 3, session: 's1' })
    const messages = subscription[Symbol.asyncIterator]()
    expect(await messages.next()).to.deep.equal({ done: false, value: 'a' })
    expect(subscription.position).to.deep.equal({ epoch: 'one', offset: 4, session: 's1' })
  })

  it('goes on after the last message that came, in the place where that was', async () => {
    const heard: string[] = []
    begin({ since: 'oldest' }, (message) => heard.push(message))
    server.call.give(head(3), [4, 'a'])
    server.call.end(gone)
    await pause()
    expect(server.calls).to.have.length(2)
    expect(server.call.data).to.deep.equal({
      channel: 'News',
      since: { epoch: 'one', offset: 4, session: 's1' },
    })
    server.call.give(head(7, true, 'two', 's2'))
    await settle()
    expect(subscription.position, 'nothing was handed over since').to.deep.equal({
      epoch: 'one',
      offset: 4,
      session: 's1',
    })
    server.call.give([8, 'b'])
    await settle()
    expect(heard).to.deep.equal(['a', 'b'])
    expect(subscription.position).to.deep.equal({ epoch: 'two', offset: 8, session: 's2' })
  })

  it('goes on after the place of its head, where no message came', async () => {
    begin({}, () => undefined)
    server.call.give(head(3))
    server.call.end(gone)
    await pause()
    expect(server.call.data).to.deep.include({ since: { epoch: 'one', offset: 3, session: 's1' } })
  })

  it('was not recovered from the first call that missed something on', async () => {
    const told: boolean[] = []
    begin({ onReconnect: (recovered) => told.push(recovered) }, () => undefined)
    for (const recovered of [true, true, false, true]) {
      server.call.give(head(1, recovered))
      await settle()
      server.call.end(gone)
      await pause()
    }
    expect(told, 'not of the first one').to.deep.equal([true, false, true])
    expect(subscription.recovered).to.equal(false)
  })

  it('counts what it lost: each notice says how many of its call', async () => {
    begin({}, () => undefined)
    server.call.give(head(0), { lost: 2 }, { lost: 5 })
    await settle()
    expect([subscription.lostCount, subscription.recovered]).to.deep.equal([5, false])
    server.call.end(gone)
    await pause()
    server.call.give(head(9), { lost: 1 })
    await settle()
    expect(subscription.lostCount).to.equal(6)
  })

  it('ends with what it cannot read of a head', async () => {
    const odd = [
      { ...head(1), offset: -1 },
      { ...head(1), epoch: 1 },
      { ...head(1), session: undefined },
      { ...head(1), recovered: 1 },
      null,
      'a',
    ]
    for (const item of odd) {
      begin()
      server.call.give(item)
      const error = await whyDone()
      expect(error, JSON.stringify(item)).to.be.instanceOf(ProtocolError)
      expect((error as Error).message).to.include('which is not an item of a subscription')
    }
  })

  it('ends with what it cannot read of an item', async () => {
    for (const item of [[1], [1, 'a', 'b'], ['1', 'a'], [1.5, 'a'], { lost: -1 }, { lost: '1' }, {}, null, 7]) {
      begin({}, () => undefined)
      server.call.give(head(0), item)
      expect(await whyDone(), JSON.stringify(item)).to.be.instanceOf(ProtocolError)
    }
  })

  it('continues after a loss, and ends with any other error', async () => {
    const cases: readonly (readonly [error: unknown, continues: boolean])[] = [
      [new LinkError('cut'), true],
      [new OutcomeUnknownError('it was sent'), true],
      [new ServerError('no', { code: 'NOT_ALLOWED' }), false],
      [new Error('odd'), false],
    ]
    for (const [error, continues] of cases) {
      begin({}, () => undefined)
      const before = server.calls.length
      server.call.give(head(0))
      await settle()
      server.call.fail(error)
      await pause()
      expect(subscription.isOver, String(error)).to.equal(!continues)
      expect(server.calls.length - before, String(error)).to.equal(continues ? 1 : 0)
      if (continues) subscription.unsubscribe()
      else expect(await whyDone()).to.equal(error)
    }
  })

  it('ends with the reason that the server gave', async () => {
    begin({}, () => undefined)
    server.call.give(head(0))
    server.call.end({ code: 'NOT_ALLOWED', message: 'you were sent out' })
    const error = (await whyDone()) as ServerError
    expect(error).to.be.instanceOf(ServerError)
    expect([error.code, error.message]).to.deep.equal(['NOT_ALLOWED', 'you were sent out'])
    expect(ended).to.deep.equal([subscription])
  })

  it('ends as busy where it was too slow', async () => {
    begin({}, () => undefined)
    server.call.give(head(0))
    await settle()
    server.call.end({ code: 'BUSY', message: 'too slow' })
    const error = (await whyDone()) as BusyError
    expect(error).to.be.instanceOf(BusyError)
    expect([error.message, error.notStarted]).to.deep.equal(['too slow', false])
  })

  it('ends with an error where the server gave no reason, or no such one', async () => {
    for (const ending of [undefined, null, {}, { code: 'X' }, { code: 1, message: 'a' }, { message: 'a' }]) {
      begin({}, () => undefined)
      server.call.give(head(0))
      server.call.end(ending)
      const error = (await whyDone()) as ServerError
      expect(error.code).to.equal('PROTOCOL')
      expect(error.message).to.include('gave no reason')
    }
  })

  it('asks again, and then as often as `retry` says', async () => {
    begin({ retry: 2 }, () => undefined)
    server.call.give(head(0))
    await settle()
    server.call.fail(new LinkError('cut'))
    for (let i = 0; i < 3; i++) {
      await pause()
      expect(subscription.isOver, `before attempt ${i}`).to.equal(false)
      server.call.fail(new LinkError(`attempt ${i}`))
    }
    expect(await whyDone()).to.have.property('message', 'attempt 2')
    expect(server.calls).to.have.length(4)
  })

  it('begins to count again once it was let in', async () => {
    begin({ retry: 1 }, () => undefined)
    for (let i = 0; i < 4; i++) {
      server.call.give(head(0))
      await settle()
      server.call.fail(new LinkError('cut'))
      await pause()
      server.call.fail(new LinkError('cut'))
      await pause()
    }
    expect(subscription.isOver).to.equal(false)
  })

  it('asks three times again where a server that never let it in is full', async () => {
    begin({}, () => undefined)
    const whyReady = subscription.ready.catch((error: unknown) => error)
    const full = new BusyError('too many rooms', { notStarted: false })
    for (let i = 0; i < 4; i++) {
      expect(subscription.isOver, `after ${i}`).to.equal(false)
      server.call.fail(full)
      await pause()
      await pause()
    }
    expect(server.calls).to.have.length(4)
    expect(await whyReady).to.equal(full)
  })

  it('asks a full server as often as `retry` says', async () => {
    begin({ retry: 1 }, () => undefined)
    const over = whyDone()
    for (let i = 0; i < 2; i++) {
      server.call.fail(new BusyError('too many rooms', { notStarted: false }))
      await pause()
    }
    expect(await over).to.be.instanceOf(BusyError)
    expect(server.calls).to.have.length(2)
  })

  it('asks a full server again and again that has let it in before', async () => {
    begin({}, () => undefined)
    server.call.give(head(0))
    await settle()
    server.call.end(gone)
    for (let i = 0; i < 6; i++) {
      await pause()
      server.call.fail(new BusyError('too many rooms', { notStarted: false }))
    }
    expect(subscription.isOver).to.equal(false)
  })

  it('ends in order when it is unsubscribed, and tells its owner', async () => {
    begin({}, () => undefined)
    server.call.give(head(0))
    await settle()
    subscription.unsubscribe()
    expect(await whyDone()).to.equal('in order')
    expect(server.call.isCancelled).to.equal(true)
    expect(ended).to.deep.equal([subscription])
    expect(subscription.isOver).to.equal(true)
  })

  it('ends in order when it leaves its scope, and when the loop over it is left', async () => {
    begin()
    server.call.give(head(0))
    await subscription[Symbol.asyncDispose]()
    expect(ended).to.have.length(1)
    begin()
    server.call.give(head(0), [1, 'a'], [2, 'b'])
    for await (const message of subscription) {
      expect(message).to.equal('a')
      break
    }
    expect(await whyDone()).to.equal('in order')
  })

  it('ends in order when its signal aborts, and follows that no longer afterwards', async () => {
    const controller = new AbortController()
    begin({ signal: controller.signal }, () => undefined)
    server.call.give(head(0))
    controller.abort()
    expect(await whyDone()).to.equal('in order')
    const longLived = new AbortController()
    begin({ signal: longLived.signal }, () => undefined).unsubscribe()
    await settle()
    expect(getEventListeners(longLived.signal, 'abort')).to.deep.equal([])
  })

  it('asks for nothing where its signal has aborted already', async () => {
    begin({ signal: AbortSignal.abort() }, () => undefined)
    expect(await whyDone()).to.equal('in order')
    expect(server.calls).to.deep.equal([])
  })

  it('gives readers nothing that waited when it is unsubscribed, and all of it when an error ended it', async () => {
    const waiting = async (): Promise<AsyncIterator<string>> => {
      const messages = begin()[Symbol.asyncIterator]()
      server.call.give(head(0), [1, 'a'])
      server.call.end(gone)
      await settle()
      return messages
    }
    const dropped = await waiting()
    subscription.unsubscribe()
    expect(await dropped.next()).to.deep.equal({ done: true, value: undefined })
    const kept = await waiting()
    subscription[endStream](new Error('out'))
    expect(await kept.next()).to.deep.equal({ done: false, value: 'a' })
    expect(await kept.next().catch((error: Error) => error.message)).to.equal('out')
  })

  it('is over when it is drained, also where nobody reads', async () => {
    begin()
    server.call.give(head(0))
    await subscription.ready
    await subscription.drain()
    expect(subscription.isOver).to.equal(true)
  })

  it('drains: hands over what has come until then, and settles when its handler has got all of it', async () => {
    const heard: string[] = []
    let finish: () => void = () => undefined
    begin({}, (message) => {
      heard.push(message)
      return new Promise<void>((resolve) => {
        finish = resolve
      })
    })
    server.call.give(head(0), [1, 'a'])
    await settle()
    let isDrained = false
    const drained = subscription.drain().then(() => {
      isDrained = true
    })
    await settle()
    expect(server.call.isCancelled).to.equal(true)
    expect(isDrained, 'the handler is at work').to.equal(false)
    finish()
    await drained
    expect(heard).to.deep.equal(['a'])
  })

  it('logs what its handler throws or rejects with, and goes on', async () => {
    const heard: string[] = []
    begin({}, (message) => {
      heard.push(message)
      if (message === 'a') throw new Error('thrown')
      return message === 'b' ? Promise.reject(new Error('rejected')) : undefined
    })
    server.call.give(head(0), [1, 'a'], [2, 'b'], [3, 'c'])
    await settle()
    expect(heard).to.deep.equal(['a', 'b', 'c'])
    expect(server.logged).to.deep.equal([
      'error: the handler of a subscription failed: thrown',
      'error: the handler of a subscription failed: rejected',
    ])
  })

  it('hands over the next message when its handler is done with the one before', async () => {
    const heard: string[] = []
    const done: (() => void)[] = []
    begin({}, (message) => {
      heard.push(message)
      return new Promise<void>((resolve) => done.push(resolve))
    })
    server.call.give(head(0), [1, 'a'], [2, 'b'])
    await settle()
    expect(heard).to.deep.equal(['a'])
    done[0]?.()
    await settle()
    expect(heard).to.deep.equal(['a', 'b'])
    done[1]?.()
  })

  it('logs what onReconnect throws, and goes on', async () => {
    const heard: string[] = []
    const onReconnect = (): void => {
      throw new Error('odd')
    }
    begin({ onReconnect }, (message) => heard.push(message))
    server.call.give(head(0))
    server.call.end(gone)
    await pause()
    server.call.give(head(0), [1, 'a'])
    await settle()
    expect(heard).to.deep.equal(['a'])
    expect(server.logged).to.deep.equal(['error: onReconnect failed: odd'])
  })

  it('calls onReconnect in the async context of who subscribed', async () => {
    const storage = new AsyncLocalStorage<string>()
    const seen: unknown[] = []
    storage.run('mine', () => begin({ onReconnect: () => seen.push(storage.getStore()) }, () => undefined))
    server.call.give(head(0))
    server.call.end(gone)
    await pause()
    server.call.give(head(0))
    await settle()
    expect(seen).to.deep.equal(['mine'])
  })

  it('logs what ended it where nobody can learn of it', async () => {
    const end = async (): Promise<void> => {
      server.call.give(head(0))
      server.call.end({ code: 'NOT_ALLOWED', message: 'out' })
      await settle()
    }
    begin({}, () => undefined)
    await end()
    expect(server.logged).to.have.length(1)
    expect(server.logged[0]).to.match(/^warn: a subscription ended: .*out/)
    const heeded: ((of: Subscription<string>) => unknown)[] = [
      (of) => of.ready,
      (of) => of.done.catch(() => undefined),
      (of) => of[Symbol.asyncIterator](),
    ]
    for (const heed of heeded) {
      heed(begin())
      await end()
    }
    expect(server.logged, 'somebody learns of it').to.have.length(1)
  })

  it('logs no end with the client, nor one that was asked for', async () => {
    begin({}, () => undefined)
    subscription[endStream](new ClientError('the client is closed', { code: 'CLOSED' }))
    begin({}, () => undefined).unsubscribe()
    await settle()
    expect(server.logged).to.deep.equal([])
    begin({}, () => undefined)[endStream](new ClientError('odd', { code: 'INVALID_OPTION' }))
    await settle()
    expect(server.logged).to.have.length(1)
  })

  it('has either a handler or readers', () => {
    begin({}, () => undefined)
    expect(() => subscription[Symbol.asyncIterator]()).to.throw(ClientError, 'a handler already reads this stream')
    subscription.unsubscribe()
    expect(() => begin({}, 7 as never)).to.throw(ClientError, 'handler')
  })

  it('takes a whole number of retries, or any number of them', () => {
    for (const retry of [-1, Number.NaN, '1' as never]) expect(() => begin({ retry })).to.throw(ClientError, 'retry')
  })
})

describe('The actions of channels', () => {
  it('are built in, by names that both sides share; only publishing is not idempotent', () => {
    const actions = [Subscribe, WatchPresence, ListMembers, Publish]
    expect(actions.map(({ actionName }) => actionName)).to.deep.equal([
      'isock.channels.subscribe',
      'isock.channels.presence',
      'isock.channels.members',
      'isock.channels.publish',
    ])
    expect(actions.map(({ idempotent }) => idempotent === true)).to.deep.equal([true, true, true, false])
  })
})
