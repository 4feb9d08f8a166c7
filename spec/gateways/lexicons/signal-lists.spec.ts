// A list of signals in one message: what they answer and publish goes out together, to each client in one message.

import { expect } from 'chai'
import { Action, type Context, Server } from 'isock'
import { lexicons, reply, respond } from 'isock/lexicons'
import * as v from 'valibot'
import { ActionError } from '../../../lib/core/base/errors.ts'
import { listenWeb } from '../../../lib/web.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { LexiconsWorld, Public, RawClient } from './lexicons-world.ts'

class Other extends Public {}

/** Checks its messages in its own time. */
class Slow extends Public {
  static override schema = v.pipeAsync(
    v.record(v.string(), v.unknown()),
    v.checkAsync(async (message) => {
      await new Promise<void>((resolve) => setImmediate(resolve))
      return !('Whisper' in message)
    }, 'nobody whispers here'),
  )
}

class Tell extends Action {
  override action({ text }: { readonly text: string }, context: Context): Promise<string> {
    return respond(context, text, [Public])
  }
}

class TellBoth extends Action {
  override action({ text }: { readonly text: string }, context: Context): Promise<string> {
    return respond(context, text, [Other, Public])
  }
}

class TellThenFail extends Action {
  override async action(_data: object, context: Context): Promise<never> {
    await respond(context, 'never', [Public])
    throw new ActionError('it failed')
  }
}

class Whisper extends Action {
  override action({ text }: { readonly text: string }, context: Context): Promise<string> {
    return respond(context, text, [Slow])
  }
}

class TellLate extends Action {
  static go: (() => void)[] = []

  override async action(_data: object, context: Context): Promise<string> {
    await new Promise<void>((resolve) => TellLate.go.push(resolve))
    return reply(context, 'late')
  }
}

describe('lexicons: a list of signals', () => {
  let world: LexiconsWorld
  const channels = [Public, Other, Slow]

  beforeEach(async () => {
    TellLate.go = []
    world = new LexiconsWorld()
    await world.begin({ channels })
    world.server.addChannel(new Other()).addChannel(new Slow())
    for (const action of [new Tell(), new TellBoth(), new TellThenFail(), new Whisper(), new TellLate()])
      world.server.addAction(action)
  })

  afterEach(() => world.close())

  const member = async (...names: string[]): Promise<RawClient> => {
    const client = await world.client()
    for (const name of names) await client.subscribe(name)
    client.messages.length = 0
    return client
  }

  it('reaches each reader of its channels as one message, in its order', async () => {
    const [writer, reader, both, none] = [
      await member(),
      await member('Public'),
      await member('Public', 'Other'),
      await member(),
    ]
    writer.send([{ Tell: { text: 'a' } }, { TellBoth: { text: 'b' } }, { Tell: { text: 'c' } }])
    await both.waitForEntries(4)
    await reader.waitForEntries(3)
    expect(reader.messages).to.deep.equal([[{ Tell: 'a' }, { TellBoth: 'b' }, { Tell: 'c' }]])
    expect(both.messages).to.deep.equal([[{ Tell: 'a' }, { TellBoth: 'b' }, { TellBoth: 'b' }, { Tell: 'c' }]])
    writer.send({ Count: { text: '' } })
    none.send({ Count: { text: '' } })
    for (const client of [writer, none]) expect(await client.waitForEntries(1)).to.deep.equal([{ Count: 0 }])
  })

  it('answers who sent it once: replies and what it hears of its channels in its order, errors last', async () => {
    const writer = await member('Public')
    writer.send([
      { Count: { text: 'abc' } },
      { Tell: { text: 'a' } },
      { Fail: { why: 'no luck' } },
      { Count: { text: '' } },
      { TellBoth: { text: 'b' } },
      { Count: { text: 'x' } },
    ])
    await writer.waitForEntries(6)
    expect(writer.messages).to.deep.equal([
      [{ Count: 3 }, { Tell: 'a' }, { Count: 0 }, { TellBoth: 'b' }, { Count: 1 }, { Errors: ['no luck'] }],
    ])
  })

  it('of a hundred signals is one message, too', async () => {
    const [writer, reader] = [await member('Public'), await member('Public')]
    const texts = Array.from({ length: 100 }, (_, at) => `${at} ${'x'.repeat(500)}`)
    writer.send(texts.map((text) => ({ Tell: { text } })))
    for (const client of [writer, reader]) {
      await client.waitForEntries(100)
      expect(client.messages).to.deep.equal([texts.map((Tell) => ({ Tell }))])
    }
  })

  it('is one message however long it takes to write', async () => {
    const [writer, reader] = [await member('Public'), await member('Public')]
    const stringify = JSON.stringify
    // Ten entries take longer than the handlers of a client may have of one turn.
    JSON.stringify = ((...args: Parameters<typeof stringify>) => {
      const until = performance.now() + 2
      while (performance.now() < until);
      return stringify(...args)
    }) as typeof stringify
    try {
      writer.send(Array.from({ length: 10 }, (_, at) => ({ Tell: { text: String(at) } })))
      await reader.waitForEntries(10)
    } finally {
      JSON.stringify = stringify
    }
    expect(reader.messages).to.have.length(1)
  })

  it('is heard by clients of isock message by message', async () => {
    const heard: unknown[] = []
    await world.native().subscribe(Public, (message) => heard.push(message)).ready
    const writer = await member()
    writer.send([{ Tell: { text: 'a' } }, { Tell: { text: 'b' } }])
    await waitFor(() => heard.length === 2)
    expect(heard).to.deep.equal([{ Tell: 'a' }, { Tell: 'b' }])
  })

  it('publishes nothing of a signal that failed, and nothing before its last signal has run', async () => {
    const [writer, reader] = [await member(), await member('Public')]
    writer.send([{ TellThenFail: {} }, { Tell: { text: 'a' } }, { TellLate: {} }])
    await waitFor(() => TellLate.go.length === 1)
    // What others publish meanwhile is not held up.
    const other = await member()
    other.send({ Tell: { text: 'of another' } })
    expect(await reader.waitForEntries(1)).to.deep.equal([{ Tell: 'of another' }])
    for (const go of TellLate.go) go()
    await reader.waitForEntries(2)
    expect(reader.messages).to.deep.equal([[{ Tell: 'of another' }], [{ Tell: 'a' }]])
    expect(await writer.waitForEntries(2)).to.deep.equal([{ TellLate: 'late' }, { Errors: ['it failed'] }])
  })

  it('tells who sent it what a channel does not take', async () => {
    const [writer, reader] = [await member(), await member('Slow', 'Public')]
    writer.send([{ Whisper: { text: 'psst' } }, { Tell: { text: 'a' } }])
    await writer.waitForEntries(1)
    expect(writer.messages).to.have.length(1)
    expect(writer.errors.join()).to.include('nobody whispers here')
    await reader.waitForEntries(1)
    expect(reader.messages).to.deep.equal([[{ Tell: 'a' }]])
  })

  it('publishes what it has where there is too much to keep, in its order', async () => {
    const server = new Server({ port: 0 })
    server.addChannel(new Public()).addAction(new Tell())
    await server.listen()
    const web = await listenWeb(server, {
      port: 0,
      gateways: [lexicons({ channels: [Public], maxQueuedBytes: 3_000 })],
    })
    const client = new RawClient(`${web.url.replace('http', 'ws')}/lexicons`)
    try {
      await client.opened
      await client.subscribe('Public')
      const texts = Array.from({ length: 20 }, (_, at) => `${at} ${'x'.repeat(400)}`)
      client.send(texts.map((text) => ({ Tell: { text } })))
      await client.waitForEntries(21)
      expect(client.named('Tell')).to.deep.equal(texts)
      expect(client.messages.length).to.be.greaterThan(2)
      expect(client.errors).to.deep.equal([])
    } finally {
      await client.close()
      await server.shutdown({ graceMs: 1_000 })
    }
  })

  it('publishes what has run where its client leaves before its end', async () => {
    const [writer, reader] = [await member(), await member('Public')]
    writer.send([{ Tell: { text: 'a' } }, { TellLate: {} }, { Tell: { text: 'never' } }])
    await waitFor(() => TellLate.go.length === 1)
    await writer.close()
    expect(await reader.waitForEntries(1)).to.deep.equal([{ Tell: 'a' }])
    for (const go of TellLate.go) go()
  })
})
