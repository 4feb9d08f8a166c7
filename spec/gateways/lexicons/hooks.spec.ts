// The hooks of the gateway's life, and the client that guards, hooks and actions are given.
import { expect } from 'chai'
import { Action, Channel, type Context, Guard, type Visitor } from 'isock'
import {
  type LexiconsClient,
  type LexiconsLogLine,
  type LexiconsStatus,
  lexiconsClientOf,
  type NamedChannelClass,
  reply,
  respond,
} from 'isock/lexicons'
import { waitFor } from '../../setup/wait-for.ts'
import { LexiconsWorld, Login, News, Public, Secret } from './lexicons-world.ts'

const ada = { Login: JSON.stringify({ email: 'ada', password: 'analytical' }) }

class Join extends Action {
  override async action({ room }: { readonly room: string }, context: Context): Promise<boolean> {
    const client = lexiconsClientOf(context)
    await client?.subscribe(News, { key: room })
    return reply(context, client !== undefined)
  }
}

class Leave extends Action {
  override action({ room }: { readonly room: string }, context: Context): boolean {
    return reply(context, lexiconsClientOf(context)?.unsubscribe(News, { key: room }) ?? false)
  }
}

class Unnamed extends Action {
  override action(_data: object, context: Context): Promise<object> {
    return respond(context, { title: 'x' }, [Public, News as unknown as NamedChannelClass])
  }
}

class Both extends Action {
  override action(_data: object, context: Context): Promise<string> {
    return respond(context, 'payload', [Public], { reply: true, except: context.session.id })
  }
}

/** Says hello while it judges. */
class Greeter extends Guard<unknown> {
  override async check(_credential: unknown, visitor: Visitor): Promise<boolean> {
    const client = lexiconsClientOf(visitor)
    client?.send('Register', { success: true })
    const early = await client?.subscribe(Public).catch((error: Error) => error.message)
    if (early !== undefined) client?.send('Early', early)
    return true
  }
}

describe('lexicons: hooks', () => {
  let world: LexiconsWorld

  beforeEach(() => {
    world = new LexiconsWorld()
  })

  afterEach(() => world.close())

  it('tell of who comes and goes, and let a server greet and subscribe them', async () => {
    const gone: (string | undefined)[] = []
    await world.begin(
      {
        onConnect: async (client, server) => {
          await client.subscribe(Public)
          await client.subscribe(Secret)
          client.send('Welcome', client.session?.identity?.id)
          await server.publish(Public, { UserEnter: client.session?.identity?.id })
        },
        onDisconnect: async (client, server) => {
          gone.push(client.session?.identity?.id)
          await server.publish(Public, { UserExit: client.session?.identity?.id })
        },
      },
      { guards: [new Login()] },
    )
    const first = await world.client(ada)
    await first.waitForEntries(2)
    expect(first.entries).to.have.deep.members([{ Welcome: 'ada' }, { UserEnter: 'ada' }])
    const second = await world.client(ada)
    await second.waitForEntries(2)
    await second.close()
    await waitFor(() => first.named('UserExit').length === 1)
    expect(gone).to.deep.equal(['ada'])
    // One that was not let in has not come, and does not go.
    await (await world.client()).waitForClose()
    await first.close()
    await waitFor(() => gone.length === 2)
    await waitFor(() => world.server.sessions.length === 0)
  })

  it('let go of a client whose onConnect fails, with the reason', async () => {
    await world.begin({ onConnect: (client) => client.subscribe(Secret) })
    const client = await world.client()
    expect(await client.waitForClose()).to.equal(1008)
    expect(client.errors).to.deep.equal(['this client may not subscribe to channel "Secret"'])
    await waitFor(() => world.server.sessions.length === 0)
  })

  it('let go of a client whose onConnect does not end in time', async () => {
    await world.begin({ timeoutMs: 300, onConnect: () => new Promise(() => undefined) })
    const client = await world.client()
    expect(await client.waitForClose()).to.equal(1008)
    expect(client.errors).to.deep.equal(['onConnect did not end within 300 ms'])
    await waitFor(() => world.server.sessions.length === 0)
  })

  it('run at the start and at the end, and one that hangs does not hold up the server', async () => {
    const told: string[] = []
    await world.begin({
      onStart: (server) => told.push(`start ${server.actionNames.includes('Count')}`),
      onShutdown: async () => {
        told.push('shutdown')
        await new Promise(() => undefined)
      },
      onDisconnect: () => {
        told.push('gone')
        throw new Error('a hook that fails')
      },
    })
    const client = await world.client()
    client.send({ Count: { text: '' } })
    await client.waitForEntries(1)
    await world.server.shutdown({ graceMs: 300 })
    expect(client.closeCode ?? (await client.waitForClose())).to.equal(1001)
    expect(told).to.deep.equal(['start true', 'gone', 'shutdown'])
  })

  it('write a log, without what headers said, and a log that fails ends nothing', async () => {
    const lines: LexiconsLogLine[] = []
    await world.begin(
      {
        onLog: (line) => {
          lines.push(line)
          throw new Error('the disk is full')
        },
      },
      { guards: [new Login()] },
    )
    const client = await world.client(ada)
    client.send([{ Count: { text: 'ab' } }, { Fail: { why: 'no luck' } }])
    await client.waitForEntries(2)
    await client.close()
    await (await world.client()).waitForClose()
    await waitFor(() => lines.some(({ status }) => status === 'disconnected'))
    await world.close()
    const statuses = lines.map(({ status }) => status)
    const expected: LexiconsStatus[] = ['started', 'connected', 'signal', 'signal', 'failed', 'sent']
    expect(statuses.slice(0, 6)).to.deep.equal(expected)
    expect(statuses).to.include.members(['refused', 'disconnected', 'shut down'])
    expect(lines.find(({ status }) => status === 'signal')?.data).to.deep.equal({ Count: { text: 'ab' } })
    const texts = JSON.stringify(lines.map(({ status, data }) => [status, data instanceof Error ? data.message : data]))
    expect(texts).not.to.include('analytical')
  })

  it('log nothing of messages that waited when their client left', async () => {
    const lines: LexiconsLogLine[] = []
    const waiting: (() => void)[] = []
    class Wait extends Action {
      override action(): Promise<void> {
        return new Promise((resolve) => waiting.push(resolve))
      }
    }
    await world.begin({ onLog: (line) => void lines.push(line) })
    world.server.addAction(new Wait())
    const client = await world.client()
    client.send({ Wait: {} })
    await waitFor(() => waiting.length > 0)
    client.send(`{${' '.repeat(60_000)}`)
    await waitFor(() => world.server.usage.held.bodies > 0)
    await client.close()
    await waitFor(() => world.server.usage.held.bodies === 0)
    for (const resolve of waiting) resolve()
    await waitFor(() => lines.some(({ status }) => status === 'disconnected'))
    await world.close()
    expect(lines.map(({ data }) => String(data)).filter((text) => text.includes('not JSON'))).to.deep.equal([])
  })

  it('let an action subscribe its client, and close it', async () => {
    await world.begin()
    const clients: LexiconsClient[] = []
    class Kick extends Action {
      override action(_data: object, context: Context): void {
        const client = lexiconsClientOf(context)
        if (client !== undefined) clients.push(client)
        client?.close('out with you')
      }
    }
    world.server.addAction(new Join()).addAction(new Leave()).addAction(new Kick())
    const client = await world.client()
    client.send({ Join: { room: 'kitchen' } })
    await client.waitForEntries(1)
    await world.server.channel(News).publish({ title: 'soup' }, { key: 'kitchen' })
    await client.waitForEntries(2)
    client.send([{ Leave: { room: 'kitchen' } }, { Leave: { room: 'kitchen' } }])
    await client.waitForEntries(4)
    expect(client.entries).to.deep.equal([
      { Join: true },
      { News: { title: 'soup' } },
      { Leave: true },
      { Leave: false },
    ])
    client.send({ Kick: {} })
    expect(await client.waitForClose()).to.equal(1000)
    expect(client.errors).to.deep.equal(['out with you'])
    // A client that has gone takes what it is told without a word.
    clients[0]?.send('Late', 1)
    // A native client is none of these.
    expect(await world.native().runAction(Join, { room: 'kitchen' })).to.equal(false)
  })

  it('run nothing more of a client that was closed, whatever it sends and has sent', async () => {
    await world.begin()
    const ran: string[] = []
    class Note extends Action {
      override action({ what }: { what: string }): void {
        ran.push(what)
      }
    }
    class Kick extends Action {
      override action(_data: object, context: Context): void {
        lexiconsClientOf(context)?.close('out with you')
      }
    }
    world.server.addAction(new Note()).addAction(new Kick())
    const client = await world.client()
    // It takes no goodbye for an answer.
    client.socket.removeAllListeners('message')
    client.socket.pause()
    client.send([{ Note: { what: 'before' } }, { Kick: {} }, { Note: { what: 'in the same list' } }])
    client.send({ Note: { what: 'behind it' } })
    await waitFor(() => world.server.sessions.length === 0, { timeoutMs: 8_000 })
    client.socket.resume()
    expect(ran).to.deep.equal(['before'])
  })

  it('let a guard speak to the client that it judges, though not subscribe it', async () => {
    await world.begin({ headers: ['Greeter'] }, { guards: [new Greeter()] })
    const client = await world.client({ Greeter: ada.Login })
    await client.waitForEntries(2)
    expect(client.entries[0]).to.deep.equal({ Register: { success: true } })
    expect(client.named('Early')[0]).to.include('onConnect')
    expect(world.server.channel(Public).readerCount()).to.equal(0)
  })

  it('respond only to channels whose messages have names, and to the caller alone if asked', async () => {
    await world.begin()
    world.server.addAction(new Unnamed()).addAction(new Both())
    const [client, reader] = [await world.client(), await world.client()]
    await client.subscribe('Public')
    await reader.subscribe('Public')
    client.send([{ Unnamed: {} }, { Both: {} }])
    await client.waitForEntries(3)
    expect(client.entries.slice(1)).to.deep.equal([{ Both: 'payload' }, { Errors: [client.errors[0]] }])
    expect(client.errors[0]).to.include('channel "News"').and.include('static readonly named = true')
    await reader.waitForEntries(2)
    expect(reader.entries.slice(1)).to.deep.equal([{ Both: 'payload' }])
  })

  it('name a message by its channel where it has no name of its own', async () => {
    class Odd extends Channel<unknown> {
      static readonly named = true
    }
    await world.begin({ channels: [Odd] })
    world.server.addChannel(new Odd())
    const client = await world.client()
    await client.subscribe('Odd')
    for (const message of ['text', null, [1], {}, { a: 1, b: 2 }]) await world.server.publish(Odd, message)
    await client.waitForEntries(6)
    expect(client.named('Odd')).to.deep.equal(['text', null, [1], {}, { a: 1, b: 2 }])
  })
})
