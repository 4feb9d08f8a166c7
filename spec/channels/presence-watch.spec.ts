// The client's look at who is present: the list, what is different after a break, and what it cannot read. The server is a script.
import { expect } from 'chai'
import { LinkError, ProtocolError, ServerError } from '../../lib/core/base/errors.ts'
import type { Member } from '../../lib/features/channels/channel.ts'
import { WatchPresence } from '../../lib/features/channels/channel-actions.ts'
import { PresenceWatch } from '../../lib/features/channels/presence-watch.ts'
import { begin as beginStream } from '../../lib/features/channels/resuming-stream.ts'
import { settle } from '../setup/virtual-clock.ts'
import { ScriptedChannels } from './scripted-channels.ts'

const member = (session: string): Member<string> => ({ session, info: `info of ${session}` })
const list = (...sessions: string[]) => ({ members: sessions.map(member) })

describe('PresenceWatch', () => {
  let server: ScriptedChannels
  let watch: PresenceWatch<string>
  let heard: string[]

  beforeEach(() => {
    server = new ScriptedChannels()
    heard = []
  })

  afterEach(() => watch.unsubscribe())

  function begin(hears = true): void {
    watch = new PresenceWatch<string>(server.kit, { channel: 'News', key: 'a' }, { retry: 3 }, () => undefined)
    watch[beginStream](
      hears ? ({ event, member: { session, info } }) => heard.push(`${event} ${session}: ${info}`) : undefined,
    )
  }

  const pause = (): Promise<void> => server.clock.advance(1_000)
  const present = (): string[] => watch.members.map(({ session }) => session)
  const whyDone = (): Promise<unknown> => watch.done.catch((error: unknown) => error)

  it('asks for the room, as often as it is told', () => {
    begin()
    expect(server.call.action).to.equal(WatchPresence)
    expect(server.call.data).to.deep.equal({ channel: 'News', key: 'a' })
    expect(server.call.options).to.deep.equal({ retry: 3 })
  })

  it('lists those who are there, without telling that they came', async () => {
    begin()
    expect(watch.members).to.deep.equal([])
    server.call.give(list('cat', 'dog'))
    await watch.ready
    expect(watch.members).to.deep.equal([member('cat'), member('dog')])
    expect(heard).to.deep.equal([])
  })

  it('tells who comes and goes, and lists them', async () => {
    begin()
    server.call.give(list('cat'), ['join', member('dog')], ['leave', member('cat')])
    await settle()
    expect(heard).to.deep.equal(['join dog: info of dog', 'leave cat: info of cat'])
    expect(present()).to.deep.equal(['dog'])
  })

  it('lists as far as the events were read', async () => {
    begin(false)
    server.call.give(list('cat'), ['join', member('dog')], ['leave', member('cat')])
    await watch.ready
    const events = watch[Symbol.asyncIterator]()
    expect(present()).to.deep.equal(['cat'])
    await events.next()
    expect(present()).to.deep.equal(['cat', 'dog'])
    await events.next()
    expect(present()).to.deep.equal(['dog'])
  })

  it('tells after a break what is different, as if it had seen it: who left, and then who came', async () => {
    const told: boolean[] = []
    watch = new PresenceWatch<string>(
      server.kit,
      { channel: 'News' },
      { onReconnect: (ok) => told.push(ok) },
      () => undefined,
    )
    watch[beginStream](({ event, member: { session } }) => heard.push(`${event} ${session}`))
    server.call.give(list('ant', 'bee', 'cat'), ['join', member('dog')], ['leave', member('ant')])
    await settle()
    heard.length = 0
    server.call.fail(new LinkError('cut'))
    await pause()
    server.call.give(list('eel', 'cat', 'dog'))
    await settle()
    expect(heard).to.deep.equal(['leave bee', 'join eel'])
    expect(present()).to.deep.equal(['cat', 'dog', 'eel'])
    expect(told, 'the list says all').to.deep.equal([true])
  })

  it('asks again where it was too slow, and ends with other errors', async () => {
    begin()
    server.call.give(list())
    await settle()
    server.call.end({ code: 'BUSY', message: 'too slow' })
    await pause()
    expect(server.calls).to.have.length(2)
    const refusal = new ServerError('no', { code: 'NOT_ALLOWED' })
    server.call.fail(refusal)
    expect(await whyDone()).to.equal(refusal)
  })

  it('ends with what it cannot read', async () => {
    const lists = [
      {},
      { members: 'cat' },
      { members: [{}] },
      { members: [member('cat'), null] },
      { members: [7] },
      null,
      7,
    ]
    const events = [['join'], ['join', {}], ['jump', member('cat')], ['leave', null], ['leave', 'cat'], {}, null]
    for (const items of [...lists.map((item) => [item]), ...events.map((event) => [list(), event])]) {
      begin()
      server.call.give(...items)
      const error = await whyDone()
      expect(error, JSON.stringify(items)).to.be.instanceOf(ProtocolError)
      expect((error as Error).message).to.include('which is not a presence item')
    }
  })
})
