// Which clients of the Igor gateway are kept while they are away, which are forgotten first, and when none is left.
import { expect } from 'chai'
import type { FairPlaces } from '../../../lib/core/accounting/fair-places.ts'
import type { Timer } from '../../../lib/core/base/clock.ts'
import { silentLogger } from '../../../lib/core/base/log.ts'
import { ClientTable } from '../../../lib/gateways/igor/client-table.ts'
import type { IgorClient } from '../../../lib/gateways/igor/igor-client.ts'
import type { ClientSocket } from '../../../lib/gateways/socket-queue.ts'
import { VirtualClock } from '../../setup/virtual-clock.ts'

class WatchedClock extends VirtualClock {
  readonly kept: boolean[] = []

  override setTimer(run: () => void, delayMs: number): Timer {
    const timer = super.setTimer(run, delayMs)
    return { ...timer, keepProcessAlive: (keep) => this.kept.push(keep) }
  }
}

class Places {
  isFull = false
  readonly taken: unknown[] = []
  readonly left: unknown[] = []

  take(place: unknown): boolean {
    if (this.isFull) return false
    this.taken.push(place)
    return true
  }

  leave(place: unknown): void {
    this.left.push(place)
  }
}

class Client {
  introduced: { id: string } | undefined
  identity: { id: string } | undefined
  openStreams = 0
  isOwnSocket = true
  readonly calls: unknown[] = []
  readonly moves: unknown[] = []
  readonly accounts

  constructor(id: string | undefined, holder: string) {
    this.introduced = id === undefined ? undefined : { id }
    this.accounts = {
      place: `place of ${id}`,
      address: '1.2.3.4',
      holder,
      moveTo: (owner: unknown) => this.moves.push(owner),
    }
  }

  attach(socket: unknown, greeting: unknown): void {
    this.calls.push(['attach', socket, greeting])
  }

  detach(): boolean {
    return this.isOwnSocket
  }

  abandon(): void {
    this.calls.push('abandon')
  }

  async close(reason: string): Promise<void> {
    this.calls.push(reason)
  }
}

const socket = {} as ClientSocket

function tableOf(onLastClientGone?: () => void, maxAwayClients = 2) {
  const clock = new WatchedClock()
  const places = new Places()
  const logged: unknown[] = []
  const table = new ClientTable({
    clock,
    log: {
      ...silentLogger,
      error: (...given: unknown[]) => {
        logged.push(given)
      },
    },
    sessionMs: 1_000,
    places: places as unknown as FairPlaces,
    maxAwayClients,
    onLastClientGone,
  })
  const join = (id: string | undefined, { holder = 'a', streams = 0 } = {}) => {
    const client = new Client(id, holder)
    client.openStreams = streams
    table.add(client as unknown as IgorClient)
    if (id === undefined) table.setAdmitted(client as unknown as IgorClient)
    else table.name(id, client as unknown as IgorClient)
    return client
  }
  const leave = (client: Client) => table.leave(client as unknown as IgorClient, socket)
  return { clock, places, logged, table, join, leave }
}

const of = (client: Client) => client as unknown as IgorClient
const gone = 'the client disconnected'

describe('The clients of an Igor gateway', () => {
  it('need a place, unless they are guests', () => {
    const { table, places } = tableOf()
    const one = new Client('one', 'a')
    expect(table.places).to.equal(places)
    expect(table.add(of(one))).to.equal(true)
    expect(places.taken).to.deep.equal(['place of one'])
    places.isFull = true
    const other = new Client('other', 'a')
    other.openStreams = 5
    expect(table.add(of(other))).to.equal(false)
    expect(table.openStreams).to.equal(0)
    expect(table.add(of(other), true)).to.equal(true)
    expect(table.openStreams).to.equal(5)
    expect(places.taken).to.have.length(1)
  })

  it('are found by their ids until they are forgotten', () => {
    const { table, join, places } = tableOf()
    expect(table.hasIntroduced).to.equal(false)
    const one = join('one', { streams: 2 })
    join(undefined, { streams: 3 })
    expect([table.hasIntroduced, table.openStreams]).to.deep.equal([true, 5])
    expect([table.find('one'), table.find('two')]).to.deep.equal([one, undefined])
    table.forget(of(one))
    table.forget(of(one))
    expect([table.hasIntroduced, table.openStreams, table.find('one')]).to.deep.equal([false, 3, undefined])
    expect([one.calls, places.left]).to.deep.equal([[gone], ['place of one']])
  })

  it('keep an id that another one has taken over', () => {
    const { table, join } = tableOf()
    const one = join('one')
    const again = join('one')
    table.forget(of(one))
    expect(table.find('one')).to.equal(again)
  })

  it('count for their identity and address when they are admitted', () => {
    const { table, join } = tableOf()
    const one = join('one')
    expect(one.moves).to.deep.equal([{ address: '1.2.3.4', identity: undefined }])
    one.identity = { id: 'ada' }
    table.resume(of(one), socket, '5.6.7.8', ['hello'])
    expect(one.moves.slice(1)).to.deep.equal([
      { address: '1.2.3.4', identity: 'ada' },
      { address: '5.6.7.8', identity: 'ada' },
    ])
    expect(one.calls).to.deep.equal([['attach', socket, ['hello']]])
    const stranger = new Client(undefined, 'a')
    table.setAdmitted(of(stranger))
    expect(stranger.moves).to.deep.equal([])
  })

  it('are kept for a while when they are known', async () => {
    const { table, join, leave, clock, places } = tableOf()
    const one = join('one')
    leave(one)
    await clock.advance(999)
    expect([table.find('one'), one.calls, places.left]).to.deep.equal([one, [], []])
    await clock.advance(1)
    expect([table.find('one'), one.calls, places.left]).to.deep.equal([undefined, [gone], ['place of one']])
    expect(clock.pendingCount).to.equal(0)
  })

  it('are kept when they come back in time', async () => {
    const { table, join, leave, clock } = tableOf()
    const one = join('one')
    leave(one)
    table.setAdmitted(of(one))
    expect(one.moves).to.have.length(1)
    await clock.advance(999)
    table.resume(of(one), socket, undefined, [])
    expect(clock.pendingCount).to.equal(0)
    await clock.advance(1_000)
    expect(table.find('one')).to.equal(one)
    expect(one.moves).to.have.length(3)
  })

  it('are forgotten at once when they are unknown and nothing runs', () => {
    const { table, join, leave, clock, places } = tableOf()
    const one = join(undefined)
    leave(one)
    expect(one.calls).to.deep.equal(['abandon', gone])
    expect([places.left.length, clock.pendingCount, table.openStreams]).to.deep.equal([1, 0, 0])
  })

  it('are kept without a place when they are unknown and something runs', async () => {
    const { table, join, leave, clock, places } = tableOf()
    const one = join(undefined, { streams: 1 })
    leave(one)
    expect([one.calls, places.left]).to.deep.equal([['abandon'], ['place of undefined']])
    table.setAdmitted(of(one))
    expect(one.moves).to.have.length(1)
    table.forgetIfDone(of(one))
    expect(one.calls).to.deep.equal(['abandon'])
    one.openStreams = 0
    table.forgetIfDone(of(one))
    expect(one.calls).to.deep.equal(['abandon', gone])
    expect(clock.pendingCount).to.equal(0)
    const known = join('known')
    leave(known)
    table.forgetIfDone(of(known))
    expect(table.find('known')).to.equal(known)
    const late = join(undefined, { streams: 1 })
    leave(late)
    await clock.advance(1_000)
    expect(late.calls).to.deep.equal(['abandon', gone])
  })

  it('are not away when a former socket of theirs ends, or they were not added', () => {
    const { join, leave, clock } = tableOf()
    const one = join('one')
    one.isOwnSocket = false
    leave(one)
    leave(new Client('other', 'a'))
    expect(clock.pendingCount).to.equal(0)
  })

  it('are at most so many while away: the longest away of the address with the most goes first', () => {
    const { table, join, leave } = tableOf(undefined, 2)
    const [first, second, third, fourth] = [
      join('1', { holder: 'b' }),
      join('2', { holder: 'a' }),
      join('3', { holder: 'a' }),
      join('4', { holder: 'c' }),
    ]
    for (const client of [first, second]) leave(client)
    expect([first.calls, second.calls]).to.deep.equal([[], []])
    leave(third)
    expect([first, second, third].map(({ calls }) => calls.length)).to.deep.equal([0, 1, 0])
    leave(fourth)
    expect([first, third, fourth].map(({ calls }) => calls.length)).to.deep.equal([1, 0, 0])
    expect(table.find('2')).to.equal(undefined)
  })

  it('go before those that are known when they are unknown', () => {
    const { join, leave } = tableOf(undefined, 2)
    const known = [join('1'), join('2')]
    const orphan = join(undefined, { streams: 1, holder: 'b' })
    leave(orphan)
    for (const client of known) leave(client)
    expect(orphan.calls).to.deep.equal(['abandon', gone])
    expect(known.map(({ calls }) => calls)).to.deep.equal([[], []])
  })

  it('are all closed with the gateway', async () => {
    const gones: string[] = []
    const { table, join, leave, clock } = tableOf(() => gones.push('gone'))
    const [one, away, orphan] = [join('one'), join('away'), join(undefined, { streams: 1 })]
    leave(away)
    leave(orphan)
    await table.close()
    const ending = 'the server is shutting down'
    expect([one.calls, away.calls, orphan.calls]).to.deep.equal([[ending], [ending], ['abandon', ending]])
    expect([table.hasIntroduced, table.openStreams, clock.pendingCount]).to.deep.equal([false, 0, 0])
    const late = join('late')
    leave(late)
    expect([late.calls, clock.pendingCount, gones]).to.deep.equal([[gone], 0, []])
  })
})

describe('The last client of an Igor gateway', () => {
  it('is gone a while after it has left, and the process waits for that', async () => {
    const gones: string[] = []
    const { join, leave, clock } = tableOf(() => gones.push('gone'))
    const [one, two] = [join(undefined), join(undefined)]
    leave(one)
    expect(clock.pendingCount).to.equal(0)
    leave(two)
    expect(clock.kept).to.deep.equal([true])
    await clock.advance(999)
    expect(gones).to.deep.equal([])
    await clock.advance(1)
    expect(gones).to.deep.equal(['gone'])
    leave(join(undefined))
    await clock.advance(1_000)
    expect(gones).to.deep.equal(['gone', 'gone'])
  })

  it('is not gone where another came meanwhile, or the gateway closed', async () => {
    const gones: string[] = []
    const { table, join, leave, clock } = tableOf(() => gones.push('gone'))
    leave(join(undefined))
    const other = join(undefined)
    await clock.advance(2_000)
    expect([gones, clock.pendingCount]).to.deep.equal([[], 0])
    leave(other)
    await table.close()
    await clock.advance(2_000)
    expect(gones).to.deep.equal([])
  })

  it('is waited for once, and not where nobody asks', () => {
    const silent = tableOf()
    silent.leave(silent.join(undefined))
    expect(silent.clock.pendingCount).to.equal(0)
    const { join, leave, clock, table } = tableOf(() => undefined)
    const known = join('known')
    leave(known)
    expect(clock.pendingCount).to.equal(2)
    table.forget(of(known))
    expect(clock.pendingCount).to.equal(1)
  })

  it('leaves a note in the log where the callback fails', async () => {
    const error = new Error('on purpose')
    const { join, leave, clock, logged } = tableOf(() => {
      throw error
    })
    leave(join(undefined))
    await clock.advance(1_000)
    expect(logged).to.deep.equal([[{ error }, 'onLastClientGone failed']])
  })
})
