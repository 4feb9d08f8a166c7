// Clients that mean harm, or are broken, against a server on which an honest one is served all the while.

import { connect } from 'node:net'
import { expect } from 'chai'
import { Action, Channel, type Context, Guard } from 'isock'
import { type LexiconsClient, reply } from 'isock/lexicons'
import { longIt } from '../../setup/long.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { LexiconsWorld, News, Public, RawClient } from './lexicons-world.ts'

const large = { timeoutMs: 20_000 }

describe('lexicons: hostile clients', function () {
  this.timeout(120_000)
  let world: LexiconsWorld

  beforeEach(() => {
    world = new LexiconsWorld()
  })

  afterEach(() => world.close())

  async function expectServed(): Promise<void> {
    const honest = await world.client()
    honest.send({ Count: { text: 'honest' } })
    expect(await honest.waitForEntries(1)).to.deep.equal([{ Count: 6 }])
    await honest.close()
  }

  it('that send ahead, or do not read, count for what the server holds, and are ended before others notice', async () => {
    const waiting: (() => void)[] = []
    class Wait extends Action {
      override action(): Promise<void> {
        return new Promise((resolve) => waiting.push(resolve))
      }
    }
    await world.begin({}, { limits: { maxHeldBytes: 3_000_000 } })
    world.server.addAction(new Wait())
    const hostile: RawClient[] = []
    const ended = () => hostile.filter(({ closeCode }) => closeCode === 1013).length
    for (let n = 0; n < 6; n++) {
      const client = new RawClient(`${world.url}/lexicons`, {}, undefined, '127.0.0.2')
      hostile.push(client)
      await client.opened
      client.send({ Wait: {} })
      await waitFor(() => waiting.length > n)
      client.send({ Count: { text: 'x'.repeat(900_000) } })
      // A connection that comes while too much is held may be refused, so the next one comes when there is room again.
      await waitFor(() => (n > 2 ? ended() >= n - 2 : world.server.usage.held.bodies >= (n + 1) * 900_000), large)
    }
    expect(ended()).to.be.at.least(3)
    expect(hostile.find(({ closeCode }) => closeCode === 1013)?.errors[0]).to.contain('to make room for others')
    expect(world.server.usage.heldBytes).to.be.at.most(3_000_000)
    await expectServed()
    for (const resolve of waiting) resolve()
    await Promise.all(hostile.map((client) => client.close()))
    await waitFor(() => world.server.usage.heldBytes === 0, large)
  })

  it('get an error for each message that is no signal, and stay connected', async () => {
    await world.begin({ maxSignals: 3 })
    const client = await world.client()
    const wrong: [message: string, part: string][] = [
      ['', 'not JSON'],
      ['{', 'not JSON'],
      ['{"Count": {}} x', 'not JSON'],
      ['5', 'not a signal'],
      ['null', 'not a signal'],
      ['"Count"', 'not a signal'],
      ['{}', 'not a signal'],
      ['[5]', 'item 0'],
      ['[{"Count": {"text": ""}}, []]', 'item 1'],
      ['{"Count": 5}', 'not a signal'],
      ['{"Count": null}', 'not a signal'],
      ['{"Count": []}', 'not a signal'],
      ['{"Count": {}, "Quiet": {}}', 'not a signal'],
      [JSON.stringify(new Array(4).fill({ Quiet: {} })), 'at most 3'],
      ['{"Missing": {}}', 'unknown action "Missing"'],
      ['{"": {}}', 'wire name'],
      ['{"Coutn": {}}', 'did you mean "Count"'],
      [`{"${'x'.repeat(2_000)}": {}}`, 'action'],
      ['{"isock.actions": {}}', 'unknown action'],
      ['{"isock.channels.subscribe": {"channel": "Secret"}}', 'unknown action'],
      ['{"Fail": {"why": "it breaks"}}', 'it breaks'],
      ['{"Fail": {"why": ""}}', 'Error'],
      ['{"Subscribe": {}}', 'the name of a channel'],
      ['{"Subscribe": {"channel": "Nowhere"}}', 'unknown channel "Nowhere"'],
      ['{"Subscribe": {"channel": "Secret"}}', 'may not subscribe'],
      ['{"Subscribe": {"channel": "News", "key": 5}}', 'key'],
      ['{"Subscribe": {"channel": "News", "since": 1}}', 'since'],
      [`{"Subscribe": {"channel": "News", "key": "${'k'.repeat(300)}"}}`, 'key'],
      ['{"Unsubscribe": {"channel": "Nowhere"}}', 'unknown channel'],
    ]
    for (const [index, [message, part]] of wrong.entries()) {
      client.send(message)
      await waitFor(() => client.messages.length > index, { what: `an answer to ${message.slice(0, 60)}` })
      expect(client.messages[index], message).to.have.length(1)
      expect(client.errors[index], message).to.include(part)
    }
    client.socket.send(Buffer.from([0x7b, 0xff, 0x7d]))
    await waitFor(() => client.errors.length > wrong.length)
    expect(client.errors.at(-1)).to.include('not UTF-8 text')
    client.send({ Count: { text: 'still' } })
    await waitFor(() => client.named('Count').length === 1)
    expect(world.server.channel(News).readerCount()).to.equal(0)
  })

  it('send depth and width, and cost nobody anything', async () => {
    await world.begin()
    const client = await world.client()
    const deep = [
      `${'['.repeat(500_000)}${']'.repeat(500_000)}`,
      `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`,
      `{"Count": {"text": ${'['.repeat(3_000)}${']'.repeat(3_000)}}}`,
      `{"Count": {"text": [${new Array(200_001).fill('[]').join()}]}}`,
      '['.repeat(1_000_000),
    ]
    for (const [index, message] of deep.entries()) {
      client.send(message)
      await waitFor(() => client.errors.length > index, large)
    }
    expect(client.errors[0]).to.include('nested more than 64 deep')
    await expectServed()
  })

  it('are cut off for a message that is too long', async () => {
    await world.begin({ maxMessageBytes: 1_000 })
    const client = await world.client()
    client.send({ Count: { text: 'x'.repeat(2_000) } })
    expect(await client.waitForClose()).to.equal(1009)
    await expectServed()
  })

  longIt('flood: their messages are worked on in their order, and the socket is not read meanwhile', async () => {
    let running = 0
    let most = 0
    let release: () => void = () => undefined
    class Slow extends Action {
      override async action(): Promise<void> {
        running++
        most = Math.max(most, running)
        await new Promise<void>((resolve) => {
          release = resolve
        })
        running--
      }
    }
    await world.begin()
    world.server.addAction(new Slow())
    const client = await world.client()
    client.send({ Slow: {} })
    const text = 'x'.repeat(10_000)
    const count = 3_000
    for (let i = 0; i < count; i++) client.send({ Count: { text } })
    await waitFor(() => running === 1)
    // An honest client that sends as much, later, is answered in full.
    const honest = await world.client()
    for (let i = 0; i < count; i++) honest.send({ Count: { text } })
    await waitFor(() => honest.messages.length === count, large)
    // What our side has not read waits at the sender's.
    expect(client.socket.bufferedAmount).to.be.above(10_000_000)
    expect(client.messages).to.have.length(0)
    release()
    await waitFor(() => client.messages.length === count, large)
    expect(most).to.equal(1)
  })

  longIt('storm with subscriptions, and leave nothing behind', async () => {
    await world.begin({ maxSubscriptions: 5 })
    const client = await world.client()
    for (let i = 0; i < 1_000; i++)
      client.send([{ Subscribe: { channel: 'Public' } }, { Unsubscribe: { channel: 'Public' } }])
    await waitFor(() => client.named('Unsubscribe').length === 1_000, large)
    await waitFor(() => world.server.channel(Public).readerCount() === 0)
    for (let i = 0; i < 10; i++) client.send({ Subscribe: { channel: 'News', key: `room ${i}` } })
    await waitFor(() => client.errors.length === 5, large)
    expect(client.errors[0]).to.include('in 5 channels')
    // One that left makes room for another.
    client.send([
      { Unsubscribe: { channel: 'News', key: 'room 0' } },
      { Subscribe: { channel: 'News', key: 'room 9' } },
    ])
    await waitFor(() => client.named('Subscribe').length === 1_006, large)
    await client.close()
    await waitFor(() => world.server.channel(News).readerCount({ key: 'room 9' }) === 0)
    await waitFor(() => world.server.sessions.length === 0)
  })

  it('that ask for much with few words get what one answer may have, and an error for the rest', async () => {
    class Big extends Action {
      static runs = 0
      action(_data: object, context: Context) {
        Big.runs++
        return reply(context, 'x'.repeat(300_000))
      }
    }
    await world.begin({ maxQueuedBytes: 1_000_000 })
    world.server.addAction(new Big())
    const client = await world.client()
    client.send([...new Array(10).fill({ Big: {} }), { Count: { text: 'small' } }])
    await client.waitForEntries(5)
    expect(client.messages).to.have.length(1)
    expect(client.entries.map((entry) => Object.keys(entry)[0])).to.deep.equal(['Big', 'Big', 'Big', 'Count', 'Errors'])
    expect(client.errors).to.have.length(7)
    expect(client.errors[0]).to.contain('Big has run')
    expect(Big.runs).to.equal(10)
    await expectServed()
  })

  longIt('that do not read lose what their channel says, and hold up nobody', async () => {
    const reasons: string[] = []
    await world.begin({
      stallTimeoutMs: 500,
      onLog: ({ status, data }) => {
        if (status === 'failed') reasons.push((data as Error).message)
      },
    })
    const [lazy, reader] = [await world.client(), await world.client()]
    await lazy.subscribe('Public')
    await reader.subscribe('Public')
    lazy.socket.pause()
    const text = 'x'.repeat(100_000)
    for (let i = 0; i < 300; i++) {
      await world.server.publish(Public, { Story: { i, text } })
      // As fast as the honest one reads: more would be too fast for it too.
      await waitFor(() => reader.named('Story').length === i + 1, large)
    }
    await waitFor(() => world.server.sessions.length === 1, large)
    expect(
      reasons.some((reason) => reason.includes('does not read')),
      reasons.join(),
    ).to.equal(true)
    lazy.socket.resume()
    await lazy.waitForClose()
    expect(world.server.channel(Public).readerCount()).to.equal(1)
  })

  it('that do not read what a hook sends them are let go at the bound', async () => {
    await world.begin({
      maxQueuedBytes: 1_000_000,
      onConnect: async (client) => {
        for (let i = 0; i < 1_000; i++) client.send('Spam', 'x'.repeat(100_000))
      },
    })
    const lazy = world.strange()
    lazy.socket.once('upgrade', () => lazy.socket.once('open', () => lazy.socket.pause()))
    await waitFor(() => world.server.sessions.length === 0 && lazy.socket.readyState === lazy.socket.OPEN, large)
    lazy.socket.resume()
    await lazy.waitForClose()
    expect(lazy.messages.length).to.be.below(200)
  })

  it('that are gone without a word are noticed, and silent ones that are there stay', async () => {
    const gone: LexiconsClient[] = []
    await world.begin(
      { onDisconnect: (client) => gone.push(client) },
      { limits: { heartbeatMs: 100, deadAfterMs: 1_000 } },
    )
    const [silent, dead] = [await world.client(), await world.client()]
    let pings = 0
    silent.socket.on('ping', () => pings++)
    dead.socket.pause()
    await waitFor(() => gone.length === 1, large)
    await waitFor(() => pings >= 10, large)
    silent.send({ Count: { text: 'here' } })
    expect(await silent.waitForEntries(1)).to.deep.equal([{ Count: 4 }])
    expect(gone).to.have.length(1)
    dead.socket.resume()
    await dead.waitForClose()
  })

  it('that go while their action runs take it with them', async () => {
    let reason: unknown
    let hasBegun = false
    class Wait extends Action {
      override async action(_data: object, { signal }: Context): Promise<void> {
        hasBegun = true
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
        reason = signal.reason
      }
    }
    await world.begin()
    world.server.addAction(new Wait())
    const client = await world.client()
    client.send([{ Wait: {} }, { Count: { text: 'never' } }])
    await waitFor(() => hasBegun)
    await client.close()
    await waitFor(() => reason instanceof Error)
    await waitFor(() => world.server.sessions.length === 0)
  })

  it('that go leave the rest of their list, and what waits behind it, which nobody begins', async () => {
    const told: string[] = []
    let hasBegun = false
    class Wait extends Action {
      override async action(_data: object, { signal }: Context): Promise<void> {
        hasBegun = true
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
      }
    }
    await world.begin({
      onLog: ({ status, data }) => void told.push(status === 'signal' ? JSON.stringify(data) : status),
    })
    world.server.addAction(new Wait())
    const client = await world.client()
    client.send([{ Wait: {} }, { Quiet: { n: 1 } }])
    client.send({ Quiet: { n: 2 } })
    await waitFor(() => hasBegun)
    await client.close()
    await waitFor(() => told.includes('disconnected') && told.includes('failed'))
    for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
    expect(told.filter((line) => line.startsWith('{'))).to.deep.equal(['{"Wait":{}}'])
  })

  it('get what runs when the server ends, and nothing that they send then', async () => {
    let release: () => void = () => undefined
    class Slow extends Action {
      override async action(_data: object, context: Context): Promise<string> {
        await new Promise<void>((resolve) => {
          release = resolve
        })
        return reply(context, 'done')
      }
    }
    await world.begin()
    world.server.addAction(new Slow())
    const client = await world.client()
    client.send({ Slow: {} })
    client.send({ Fail: { why: 'it was waiting' } })
    await waitFor(() => world.server.sessions.length === 1 && isRead(client))
    const ended = world.server.shutdown({ graceMs: 5_000 })
    client.send({ Fail: { why: 'it came too late' } })
    await isRead(client)
    release()
    expect(await client.waitForClose()).to.equal(1001)
    await ended
    expect(client.entries).to.deep.equal([{ Slow: 'done' }])
  })

  it('cannot hold up the end of the port with an action that never ends', async () => {
    let hasBegun = false
    class Never extends Action {
      override action(): Promise<void> {
        hasBegun = true
        return new Promise(() => undefined)
      }
    }
    await world.begin()
    world.server.addAction(new Never())
    const client = await world.client()
    client.send({ Never: {} })
    await waitFor(() => hasBegun)
    await world.closeWeb(300)
    expect(await client.waitForClose()).to.equal(1001)
    await waitFor(() => world.server.sessions.length === 0)
  })

  it('wait for an action, a channel or a guard that never answers no longer than the bound', async () => {
    class Never extends Action {
      override action(): Promise<void> {
        return new Promise(() => undefined)
      }
    }
    class Shut extends Channel<string> {
      override canSubscribe(): Promise<boolean> {
        return new Promise(() => undefined)
      }
    }
    await world.begin({ timeoutMs: 300, channels: [Shut] })
    world.server.addAction(new Never()).addChannel(new Shut())
    const client = await world.client()
    client.send([{ Never: {} }, { Subscribe: { channel: 'Shut' } }, { Count: { text: 'a' } }])
    await client.waitForEntries(2)
    expect(client.messages[0]?.[0]).to.deep.equal({ Count: 1 })
    expect(client.errors).to.have.length(2)
    await world.close()
    class Asleep extends Guard {
      override check(): Promise<boolean> {
        return new Promise(() => undefined)
      }
    }
    await world.begin({}, { guards: [new Asleep()], limits: { handshakeTimeoutMs: 300 } })
    const waiting = await world.client()
    expect(await waiting.waitForClose()).to.equal(1013)
    expect(waiting.errors).to.have.length(1)
  })

  it('send headers that are too large, too deep, or many', async () => {
    await world.begin()
    const bombs: Record<string, string>[] = [
      { Login: JSON.stringify({ email: 'x'.repeat(5_000) }) },
      { Login: `${'['.repeat(4_000)}${']'.repeat(4_000)}` },
      { Login: `${'['.repeat(500)}${']'.repeat(500)}` },
      { Login: `{"__proto__": {"isAdmin": true}}` },
    ]
    const clients: RawClient[] = []
    for (const headers of bombs) clients.push(await world.client(headers))
    // Credentials that nobody checks still have to fit the first frame of a session.
    for (const client of clients.slice(0, 3)) {
      expect(await client.waitForClose()).to.equal(1008)
      expect(client.errors).to.have.length(1)
    }
    clients[3]?.send({ Count: { text: '' } })
    await clients[3]?.waitForEntries(1)
    expect(({} as { isAdmin?: boolean }).isAdmin).to.equal(undefined)
    expect(await statusOf(`X-Bomb: ${'x'.repeat(100_000)}\r\n`)).to.equal(431)
    // Node 20 reads the first ones, Node 24 refuses.
    expect(await statusOf('Login: {}\r\n'.repeat(900))).to.be.oneOf([101, 431])
    await expectServed()
  })

  /** The other side has read all that the client sent. */
  async function isRead(client: RawClient): Promise<boolean> {
    await new Promise<void>((resolve) => {
      client.socket.once('pong', () => resolve())
      client.socket.ping()
    })
    return true
  }

  /** The status that a hand-written upgrade gets. */
  function statusOf(headers: string): Promise<number> {
    const { host, hostname, port } = new URL(world.url)
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname)
      socket.on('error', reject)
      socket.on('data', (data) => {
        resolve(Number(/^HTTP\/1.1 (\d+)/.exec(data.toString('latin1'))?.[1]))
        socket.destroy()
      })
      const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
      const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
      socket.write(`GET /lexicons HTTP/1.1\r\nHost: ${host}\r\n${upgrade}${key}${headers}\r\n`)
    })
  }
})
