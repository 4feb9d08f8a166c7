// respond and reply by themselves: who gets the payload of an action, and when.
import { expect } from 'chai'
import type { Context } from '../../../lib/core/action/context.ts'
import { Channel } from '../../../lib/features/channels/channel.ts'
import { type AnswerableClient, lexiconsClientOf, peerWith } from '../../../lib/gateways/lexicons/lexicons-client.ts'
import { roomIdOf } from '../../../lib/gateways/lexicons/memberships.ts'
import type { NamedChannelClass } from '../../../lib/gateways/lexicons/named.ts'
import { reply, respond } from '../../../lib/gateways/lexicons/respond.ts'
import type { Publication } from '../../../lib/gateways/lexicons/signal-list.ts'

class Public extends Channel<{ readonly Enter: string }> {
  static readonly named = true
}

class Other extends Channel<{ readonly Enter: string }> {
  static readonly named = true
}

class Plain extends Channel<string> {}

/** The client of a list of signals, or of a single one. */
class Client {
  readonly replied: number[] = []
  readonly kept: Publication[] = []
  readonly calls: number[] = []
  readonly #hasList: boolean

  constructor(hasList: boolean) {
    this.#hasList = hasList
  }

  markReply(callId: number): void {
    this.replied.push(callId)
  }

  publishLater(callId: number, makePublication: () => Publication): boolean {
    this.calls.push(callId)
    if (this.#hasList) this.kept.push(makePublication())
    return this.#hasList
  }
}

/** The context of a call of the action Enter, and what it has published. */
function contextOf(client?: Client): { context: Context; published: unknown[] } {
  const published: unknown[] = []
  const peer = { address: 'a' } as never
  const context = {
    actionName: 'Enter',
    callId: 7,
    session: { peer: client === undefined ? peer : peerWith(peer, client as unknown as AnswerableClient) },
    publish: async (...given: unknown[]) => void published.push(given),
  } as unknown as Context
  return { context, published }
}

describe('respond', () => {
  it('publishes the payload under the name of the action to each channel, and returns it', async () => {
    const { context, published } = contextOf()
    const options = { key: 'k', except: 'me', reply: false }
    expect(await respond(context, 'Ada', [Public, Other], options)).to.equal('Ada')
    const passed = { key: 'k', except: 'me' }
    expect(published).to.deep.equal([
      [Public, { Enter: 'Ada' }, passed],
      [Other, { Enter: 'Ada' }, passed],
    ])
  })

  it('replies only where that is asked for', async () => {
    for (const [options, replied] of [
      [undefined, []],
      [{ reply: false }, []],
      [{ reply: true }, [7]],
    ] as const) {
      const client = new Client(false)
      const { context } = contextOf(client)
      expect(await respond(context, 'Ada', [], options)).to.equal('Ada')
      expect(client.replied).to.deep.equal(replied)
    }
  })

  it('publishes immediately for a client without a list', async () => {
    const client = new Client(false)
    const { context, published } = contextOf(client)
    await respond(context, 'Ada', [Public])
    expect(published).to.deep.equal([[Public, { Enter: 'Ada' }, {}]])
    expect(client.calls).to.deep.equal([7])
  })

  it('leaves the publishing to the list of a client', async () => {
    const client = new Client(true)
    const { context, published } = contextOf(client)
    await respond(context, 'Ada', [Public, Other], { key: 'k' })
    expect(published).to.deep.equal([])
    expect(client.kept.map(({ room, name, length }) => ({ room, name, length }))).to.deep.equal([
      { room: roomIdOf(Public, 'k'), name: 'Enter', length: '{"Enter":"Ada"}'.length },
      { room: roomIdOf(Other, 'k'), name: 'Enter', length: '{"Enter":"Ada"}'.length },
    ])
    for (const each of client.kept) await each.publish()
    expect(published).to.deep.equal([
      [Public, { Enter: 'Ada' }, { key: 'k' }],
      [Other, { Enter: 'Ada' }, { key: 'k' }],
    ])
  })

  it('publishes nothing if any channel has no names', async () => {
    const { context, published } = contextOf()
    const channels = [Public, Plain as unknown as NamedChannelClass]
    const failure: unknown = await respond(context, 'Ada', channels).catch((error: unknown) => error)
    expect(failure).to.include({
      name: 'ServerError',
      code: 'INVALID_CHANNEL',
      message:
        'the messages of channel "Plain" have no names; add `static readonly named = true` to its class, or publish the payload itself with context.publish',
    })
    expect(published).to.deep.equal([])
  })
})

describe('reply', () => {
  it('marks the call of a lexicons client, and returns the payload for any', () => {
    const client = new Client(false)
    const payload = { a: 1 }
    expect(reply(contextOf(client).context, payload)).to.equal(payload)
    expect(client.replied).to.deep.equal([7])
    expect(reply(contextOf().context, payload)).to.equal(payload)
  })
})

describe('The lexicons client', () => {
  const client = new Client(false) as unknown as AnswerableClient

  it('is in the peer, which keeps what it has', () => {
    const peer = { address: 'a' } as never
    const made = peerWith(peer, client)
    expect(made).to.include({ address: 'a' })
    expect(made).to.not.equal(peer)
    expect((made as unknown as Record<symbol, unknown>)[Symbol.for('isock.lexiconsClient')]).to.equal(client)
  })

  it('is that of a context by its session, and of a visitor by its peer', () => {
    const peer = peerWith({ address: 'a' } as never, client)
    expect(lexiconsClientOf({ session: { peer } } as unknown as Context)).to.equal(client)
    expect(lexiconsClientOf({ peer } as never)).to.equal(client)
    expect(lexiconsClientOf({ session: { peer }, peer: undefined } as never)).to.equal(client)
  })

  it('is none of another client, or of one without a peer', () => {
    expect(lexiconsClientOf({ peer: { address: 'a' } } as never)).to.equal(undefined)
    expect(lexiconsClientOf({ peer: undefined } as never)).to.equal(undefined)
    expect(lexiconsClientOf({ session: { peer: undefined } } as never)).to.equal(undefined)
  })
})
