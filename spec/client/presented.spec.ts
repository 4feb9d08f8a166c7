// What a client presents, where it is given as functions: asked for at each connect, and bounded.
import { expect } from 'chai'
import { presentedTo } from '../../lib/core/client/presented.ts'
import { Action, AuthError, Client, type ClientOptions, type Context, Guard, Server } from '../../lib/index.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'

class WhoAmI extends Action {
  action(_data: undefined, { session }: Context) {
    return session.identity?.id
  }
}

/** Each ticket is good once. */
class Ticket extends Guard<number> {
  static override guardName = 'ticket'
  readonly #used = new Set<number>()

  check(ticket: number | undefined) {
    if (ticket === undefined || this.#used.has(ticket)) return false
    this.#used.add(ticket)
    return { id: 'guest' }
  }
}

const token = 'correct horse battery'

describe('What a client presents', () => {
  const closers: (() => Promise<unknown>)[] = []

  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close()
  })

  const serve = async (options: ConstructorParameters<typeof Server>[0] & object): Promise<Server> => {
    const server = new Server({ port: 0, ...options }).addAction(new WhoAmI())
    closers.push(() => server.shutdown({ graceMs: 0 }))
    return server.listen()
  }

  const connect = (server: Server, options: ClientOptions): Client => {
    const client = new Client(server.addresses, { backoff: { minMs: 1, maxMs: 5 }, ...options })
    closers.push(() => client.close())
    return client
  }

  it('is asked for at each connect, at once or later', async () => {
    const server = await serve({ guards: [new Ticket()] })
    let tickets = 0
    const client = connect(server, { credentials: async () => [Ticket.credential(++tickets)], keepConnected: true })
    expect(await client.runAction(WhoAmI)).to.equal('guest')
    for (const session of server.sessions) session.end('come again')
    await waitFor(() => server.sessions.length === 0)
    const other = connect(server, { credentials: () => [Ticket.credential(++tickets)] })
    expect(await other.runAction(WhoAmI)).to.equal('guest')
    expect(tickets).to.equal(2)
    const guarded = await serve({ token })
    expect(
      (
        await connect(guarded, { token: () => token })
          .runAction(WhoAmI)
          .outcome()
      ).ok,
    ).to.equal(true)
    expect(await failureOf(connect(guarded, { token: () => `${token}!` }).runAction(WhoAmI))).to.be.instanceOf(
      AuthError,
    )
  })

  it('is asked for once more where a function failed, as after a lost link', async () => {
    const server = await serve({ guards: [new Ticket()] })
    let asked = 0
    const credentials = (): ReturnType<typeof Ticket.credential>[] => {
      if (++asked < 3) throw new Error('the ticket office is closed')
      return [Ticket.credential(1)]
    }
    expect(await connect(server, { credentials }).runAction(WhoAmI)).to.equal('guest')
    expect(asked).to.equal(3)
    const failure = await failureOf(
      connect(server, { retry: 1, token: () => Promise.reject(new Error('no office')) }).runAction(WhoAmI),
    )
    expect(failure.message).to.contain('the function of option token failed: no office')
  })

  it('is refused where it is nothing that could be presented, without quoting it', async () => {
    const server = await serve({ guards: [new Ticket()] })
    for (const wrong of ['secret words', { secret: 1 }, [{ secret: 1 }], [null], 5]) {
      const options = { credentials: wrong } as unknown as ClientOptions
      expect(() => new Client(server.addresses, options), JSON.stringify(wrong))
        .to.throw(
          'option credentials: expected a list of what YourGuard.credential(...) makes, or a function that gives one',
        )
        .that.does.not.have.property('message', 'secret')
      const asked = { credentials: () => wrong } as unknown as ClientOptions
      const failure = await failureOf(connect(server, asked).runAction(WhoAmI))
      expect(failure.message).to.contain('option credentials').and.not.contain('secret')
    }
    for (const wrong of [undefined, 5, '', 'short']) {
      const asked = { token: () => wrong } as unknown as ClientOptions
      expect((await failureOf(connect(server, asked).runAction(WhoAmI))).message).to.contain('option token')
    }
  })

  describe('by a function', () => {
    const presented = { isTokenGiven: true, credentials: undefined, allowClearTextToken: false }
    const near = { transport: 'tcp', description: '127.0.0.1:5', address: '127.0.0.1', isPrivate: true } as const

    it('is waited for no longer than a handshake may take, or than its client is there', async () => {
      const clock = new VirtualClock()
      const abort = new AbortController()
      const never = (): Promise<string> => new Promise(() => undefined)
      const bounds = { clock, timeoutMs: 5_000, signal: abort.signal }
      const late = failureOf(presentedTo(near, { ...presented, token: never }, bounds))
      await clock.advance(5_000)
      expect((await late).message).to.equal('the function of option token did not return within 5000 ms')
      const left = failureOf(presentedTo(near, { ...presented, token: never }, bounds))
      abort.abort(new Error('it has left'))
      expect((await left).message).to.equal('it has left')
      await clock.advance(5_000)
      expect(clock.pendingCount).to.equal(0)
    })

    it('is not even asked for where it may not go', async () => {
      let asked = 0
      const bounds = { clock: new VirtualClock(), timeoutMs: 5_000, signal: new AbortController().signal }
      const far = { ...near, description: '192.0.2.1:5', isPrivate: false }
      const token = (): string => String(++asked)
      const credentials = (): [] => {
        asked++
        return []
      }
      for (const each of [
        { ...presented, token },
        { ...presented, token: undefined, isTokenGiven: false, credentials },
      ])
        expect((await failureOf(presentedTo(far, each, bounds))).message).to.contain(
          'not sent in clear text to 192.0.2.1:5',
        )
      expect(asked).to.equal(0)
    })
  })
})
