// The protocol as Igor's document has it, against clients that know nothing else.

import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import fc from 'fast-check'
import { Action, ActionError, type Context, Process, type ProcessContext, type Server } from 'isock'
import { igor } from 'isock/igor'
import { sizeOf } from '../../setup/long.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { IgorWorld, type SeedClient } from './igor-world.ts'

class Echo extends Action {
  action(data: unknown) {
    return data
  }
}

class Count extends Action {
  async *action(upTo: number) {
    for (let n = 1; n <= upTo; n++) yield n
  }
}

class CountAndSay extends Action {
  async *action(upTo: number) {
    for (let n = 1; n <= upTo; n++) yield n
    return 'done'
  }
}

class Nothing extends Action {
  action() {}
}

class OutOfStock extends ActionError {}

class Fail extends Action {
  static override errors = [OutOfStock]
  async *action(after: number) {
    for (let n = 1; n <= after; n++) yield n
    throw new OutOfStock('only 2 left')
  }
}

/** Runs until it is told to end. */
class Hang extends Action {
  static running = 0

  async action(_data: unknown, { signal }: Context) {
    Hang.running++
    try {
      await new Promise((_resolve, reject) =>
        signal.addEventListener('abort', () => reject(signal.reason), { once: true }),
      )
    } finally {
      Hang.running--
    }
  }
}

class Values extends Action {
  action() {
    return { at: new Date(0), big: 12n, tags: new Set(['a']), map: new Map([['k', 1]]), bytes: new Uint8Array([1, 2]) }
  }
}

class WhoAmI extends Action {
  action(_data: unknown, { session }: Context) {
    return { id: session.id, name: session.name ?? null, peer: session.peer?.transport }
  }
}

/** What its owner lets it say. */
class Ticker extends Process {
  tell!: ProcessContext['output']
  override async run({ output, signal }: ProcessContext) {
    this.tell = output
    await sleep(1_000_000, undefined, { signal }).catch(() => undefined)
  }
}

describe('The Igor gateway: protocol', function () {
  this.timeout(120_000)
  let world: IgorWorld
  let client: SeedClient
  let ticker: Ticker

  const prepare = (server: Server): void => {
    for (const action of [new Echo(), new Count(), new CountAndSay(), new Nothing(), new Fail(), new Hang()])
      server.addAction(action)
    server.addAction(new Values()).addAction(new WhoAmI())
    server.addActions({ events: { create: (name: unknown) => `created ${name}` } })
    server.addProcess('counter_process', ticker)
  }

  beforeEach(async () => {
    Hang.running = 0
    ticker = new Ticker()
    world = await new IgorWorld().start(prepare)
    client = await world.client()
  })

  afterEach(() => world.close())

  describe('streams', () => {
    it('answer with the result, then close', async () => {
      expect(await client.run('Echo', { name: 'Ann' })).to.deep.equal([
        { streamId: 'stream-1', data: { name: 'Ann' } },
        { streamId: 'stream-1', close: true },
      ])
    })

    it('run actions by dotted names', async () => {
      expect((await client.run('events.create', 'x'))[0]?.data).to.equal('created x')
    })

    it('send each item as a message, then close', async () => {
      const told = await client.run('Count', 3)
      expect(told.map(({ data, close }) => data ?? close)).to.deep.equal([1, 2, 3, true])
    })

    it('send what a generator returns as the last data', async () => {
      const told = await client.run('CountAndSay', 2)
      expect(told.map(({ data, close }) => data ?? close)).to.deep.equal([1, 2, 'done', true])
    })

    it('only close where the action gives nothing, and send null where it gives null', async () => {
      expect(await client.run('Nothing')).to.deep.equal([{ streamId: 'stream-1', close: true }])
      expect((await client.run('Echo', null))[0]).to.deep.equal({ streamId: 'stream-2', data: null })
    })

    it('send an error after the items before it, with its class, then close', async () => {
      expect(await client.run('Fail', 1)).to.deep.equal([
        { streamId: 'stream-1', data: 1 },
        { streamId: 'stream-1', error: 'only 2 left', code: 500, name: 'OutOfStock' },
        { streamId: 'stream-1', close: true },
      ])
    })

    it('run side by side on one socket, many of them', async () => {
      const length = sizeOf({ all: 3_000, few: 500 })
      const ids = Array.from({ length }, (_, n) => (n % 2 === 0 ? client.start('Echo', n) : client.start('Count', 2)))
      await waitFor(() => client.received.filter(({ close }) => close === true).length === ids.length, {
        timeoutMs: 15_000,
      })
      expect(client.of(ids[400] as string)[0]?.data).to.equal(400)
      expect(client.of(ids[401] as string).map(({ data }) => data)).to.deep.equal([1, 2, undefined])
    })

    it('take numbers as ids, which are other streams than the texts', async () => {
      client.send({ streamId: 7, action: 'Echo', data: 'number' })
      client.send({ streamId: '7', action: 'Echo', data: 'text' })
      expect((await client.whole(7))[0]?.data).to.equal('number')
      expect((await client.whole('7'))[0]?.data).to.equal('text')
    })

    it('say rich values as JSON', async () => {
      expect((await client.run('Values'))[0]?.data).to.deep.equal({
        at: '1970-01-01T00:00:00.000Z',
        big: '12',
        tags: ['a'],
        map: { k: 1 },
        bytes: 'AQI=',
      })
    })

    it('are cancelled by a close of the client, which is answered', async () => {
      const streamId = client.start('Hang')
      await waitFor(() => Hang.running === 1)
      client.send({ streamId, close: true })
      expect(await client.whole(streamId)).to.deep.equal([{ streamId, close: true }])
      await waitFor(() => Hang.running === 0)
    })

    it('ignore a close of a stream that is over', async () => {
      client.send({ streamId: 'never', close: true })
      await client.run('Echo', 1)
      expect(client.of('never')).to.deep.equal([])
    })
  })

  describe('errors', () => {
    const refused = async (message: unknown): Promise<unknown> => {
      client.send(message)
      await waitFor(() => client.received.length > 0)
      return {
        code: client.received[0]?.code,
        error: client.received[0]?.error,
        streamId: client.received[0]?.streamId,
      }
    }

    it('400 without streamId', async () => {
      const error = 'the message has no streamId; add one, such as a counter or a UUID'
      expect(await refused({ action: 'Echo' })).to.deep.equal({ code: 400, error, streamId: undefined })
    })

    it('400 without action', async () => {
      expect(await refused({ streamId: 'a' })).to.include({ code: 400, streamId: 'a' })
    })

    it('400 and the end of the stream without a handler', async () => {
      const told = await client.run('nowhere')
      expect(told[0]).to.include({ code: 400, streamId: 'stream-1' })
      expect(told[0]?.error).to.contain('nowhere')
      expect(told[1]).to.deep.equal({ streamId: 'stream-1', close: true })
    })

    for (const [what, message] of [
      ['what is no JSON', '{"streamId":'],
      ['a list', '[]'],
      ['null', 'null'],
      ['a streamId of another type', { streamId: { a: 1 }, action: 'Echo' }],
      ['an empty streamId', { streamId: '', action: 'Echo' }],
      ['a long streamId', { streamId: 'x'.repeat(257), action: 'Echo' }],
      ['an action of another type', { streamId: 'a', action: 7 }],
      ['a long action', { streamId: 'a', action: 'x'.repeat(513) }],
    ] as const) {
      it(`400 for ${what}, and the socket goes on`, async () => {
        expect(await refused(message)).to.include({ code: 400 })
        expect((await client.run('Echo', 1))[0]?.data).to.equal(1)
      })
    }

    it('400 for a binary message', async () => {
      client.socket.send(Buffer.from('{"streamId":1,"action":"Echo"}'))
      await waitFor(() => client.received.length > 0)
      expect(client.received[0]?.code).to.equal(400)
    })

    it('400 for data that cannot travel, and the socket goes on', async () => {
      client.send(`{"streamId":"deep","action":"Echo","data":${'['.repeat(1_000)}${']'.repeat(1_000)}}`)
      expect((await client.whole('deep'))[0]?.code).to.equal(400)
      client.send('{"streamId":"proto","action":"Echo","data":{"__proto__":{"x":1}}}')
      expect((await client.whole('proto'))[0]).to.have.any.keys('data', 'error')
      expect(({} as { x?: number }).x).to.equal(undefined)
      expect((await client.run('Echo', 1))[0]?.data).to.equal(1)
    })

    it('400 for width that costs its sender nothing, before it is parsed', async () => {
      client.send(`{"streamId":"wide","action":"Echo","data":[${'[],'.repeat(220_000)}0]}`)
      await waitFor(() => client.received.length > 0, { timeoutMs: 8_000 })
      expect(client.received[0]).to.include({ code: 400 })
      expect(client.received[0]?.error).to.contain('this message is more than 200000 arrays and objects')
      expect((await client.run('Echo', 1))[0]?.data).to.equal(1)
    })

    it("400 for isock's own actions, which speak isock's protocol", async () => {
      const told = await client.run('isock.actions')
      expect(told[0]).to.include({ code: 400, streamId: 'stream-1' })
      expect(told[1]).to.deep.equal({ streamId: 'stream-1', close: true })
    })

    it('409 for a streamId that is open, which goes on', async () => {
      const streamId = client.start('Hang')
      await waitFor(() => Hang.running === 1)
      client.send({ streamId, action: 'Echo' })
      await waitFor(() => client.of(streamId).length === 1)
      expect(client.of(streamId)[0]?.code).to.equal(409)
      expect(Hang.running).to.equal(1)
      client.send({ streamId, close: true })
      await client.whole(streamId)
    })

    it('end the socket with 1009 where a message is too large', async () => {
      client.send({ streamId: 'a', action: 'Echo', data: 'x'.repeat(1024 * 1024) })
      expect(await client.isClosed()).to.equal(1009)
    })

    it('answer whatever JSON comes, and disturb nobody else', async () => {
      const other = await world.client()
      const streamId = other.start('Hang')
      await waitFor(() => Hang.running === 1)
      const field = fc.oneof(fc.jsonValue(), fc.constantFrom('Echo', 'Count', 'introduce_self', 'isock.list', true))
      const message = fc.oneof(
        fc.jsonValue(),
        fc.record({ streamId: field, action: field, data: field, close: field }, { requiredKeys: [] }),
        fc.string(),
      )
      for (const each of fc.sample(message, 1_000)) {
        client.send(typeof each === 'string' ? each : JSON.stringify(each))
      }
      client.send({ streamId: 'at the end', action: 'Echo', data: 'alive' })
      expect((await client.whole('at the end'))[0]?.data).to.equal('alive')
      expect((await other.run('Echo', 'me too'))[0]?.data).to.equal('me too')
      expect(other.of(streamId)).to.deep.equal([])
      expect(Hang.running).to.equal(1)
    })
  })

  describe('processes', () => {
    it('tell all clients, without being asked', async () => {
      const other = await world.client()
      await waitFor(() => ticker.tell?.listenerCount === 2)
      ticker.tell.send('counter_increment', { counter: 1 })
      for (const each of [client, other]) {
        await waitFor(() => each.received.length === 1)
        expect(each.received).to.deep.equal([
          { streamId: 'counter_process', action: 'counter_increment', data: { counter: 1 } },
        ])
      }
    })

    it('tell one client, which the process finds by its id', async () => {
      const other = await world.client()
      await client.introduce('client_1')
      await waitFor(() => ticker.tell?.listenerCount === 2)
      const to = world.server.sessions.find(({ name }) => name === 'client_1')?.id as string
      ticker.tell.send('special_for_you', 'only_for_client_1', { to })
      ticker.tell.send('for_all', 0)
      for (const each of [client, other]) await waitFor(() => each.of('counter_process').length > 0)
      await waitFor(() => client.of('counter_process').length === 2)
      expect(client.of('counter_process').map(({ action }) => action)).to.deep.equal(['special_for_you', 'for_all'])
      expect(other.of('counter_process').map(({ action }) => action)).to.deep.equal(['for_all'])
    })

    it('close their stream when they finish', async () => {
      await waitFor(() => ticker.tell?.listenerCount === 1)
      ticker.tell.finish()
      expect(await client.whole('counter_process')).to.deep.equal([{ streamId: 'counter_process', close: true }])
    })

    it('close their stream when they are removed', async () => {
      await waitFor(() => ticker.tell?.listenerCount === 1)
      world.server.removeProcess('counter_process')
      expect(await client.whole('counter_process')).to.deep.equal([{ streamId: 'counter_process', close: true }])
    })

    it('tell the error that they failed with', async () => {
      await waitFor(() => ticker.tell?.listenerCount === 1)
      ticker.tell.fail(new ActionError('the sensor is gone'))
      const told = await client.whole('counter_process')
      expect(told[0]).to.include({ error: 'the sensor is gone' })
    })

    it('are those that the option names', async () => {
      const quiet = await new IgorWorld().start((server) => server.addProcess('counter_process', new Ticker()), {
        processes: [],
      })
      const one = await quiet.client()
      await one.run('isock.ping')
      expect(quiet.server.process('counter_process').listenerCount).to.equal(0)
      await quiet.close()
    })
  })

  describe('connections', () => {
    it('are taken by the subprotocol at any path', async () => {
      const named = await world.client({ path: '/', protocol: 'igor' })
      expect(named.socket.protocol).to.equal('igor')
      expect((await named.run('Echo', 1))[0]?.data).to.equal(1)
    })

    it('are taken at the path that unmodified clients use, where the option says so', async () => {
      const plain = await new IgorWorld().start(prepare, { path: '/' })
      expect((await (await plain.client({ path: '' })).run('Echo', 1))[0]?.data).to.equal(1)
      await plain.close()
    })

    it('are refused at another path', async () => {
      const stranger = await world.client({ path: '/elsewhere' }).catch((error: Error) => error.message)
      expect(stranger).to.contain('404')
    })

    it('have an ordinary session, of a peer that came by a WebSocket', async () => {
      expect((await client.run('WhoAmI'))[0]?.data).to.include({ name: null, peer: 'websocket' })
    })

    it('are bounded', async () => {
      const small = await new IgorWorld().start(() => undefined, { maxClients: 1 })
      await small.client()
      expect(await small.client().catch((error: Error) => error.message)).to.contain('503')
      await small.close()
    })

    it('finish their streams when the server drains, and close with 1001', async () => {
      const streamId = client.start('Hang')
      await waitFor(() => Hang.running === 1)
      const ended = world.server.shutdown({ graceMs: 5_000 })
      await waitFor(() => world.server.isShuttingDown)
      await waitFor(async () => {
        const again = client.start('Echo')
        const [told] = await client.whole(again)
        // By the gateway itself: the server would be asked again and again.
        return told?.code === 503 && told.name === undefined
      })
      client.send({ streamId, close: true })
      await ended
      expect(await client.isClosed()).to.equal(1001)
    })
  })

  it('refuses options that are wrong', () => {
    for (const [options, name] of [
      [{ path: 'igor' }, 'path'],
      [{ processes: 'some' }, 'processes'],
      [{ sessionMs: -1 }, 'sessionMs'],
      [{ maxStreams: 'many' }, 'maxStreams'],
      [{ onLastClientGone: 1 }, 'onLastClientGone'],
      [{ sesionMs: 1 }, 'sesionMs'],
      [{ files: {} }, 'files.root'],
      [{ files: { root: '/nowhere/at/all' } }, 'files.root'],
      [{ files: { root: '.', write: 1 } }, 'files.write'],
    ] as const) {
      expect(() => igor(options as never), name).to.throw(name)
    }
  })
})
