// The publisher of a channel by itself: how a message is checked, encoded and numbered, and where it goes.
import { expect } from 'chai'
import { ServerError, UnsendableError, ValidationError } from '../../lib/core/base/errors.ts'
import type { Encoded } from '../../lib/core/wire/bytes/encoded.ts'
import { type Payload, payloadSize } from '../../lib/core/wire/bytes/payload.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { defaultValueLimits } from '../../lib/core/wire/values/value-limits.ts'
import { unnumbered } from '../../lib/features/channels/logged-message.ts'
import { type Destination, Publisher, type PublisherParts } from '../../lib/features/channels/publisher.ts'

const server = { part: 'of the server' }
const by = { part: 'of a client' } as never

/** A room that keeps what is published in it. */
class FakeRoom {
  readonly published: unknown[] = []
  offset: number
  readonly #codec: StandardCodec

  constructor(offset: number, codec: StandardCodec) {
    this.offset = offset
    this.#codec = codec
  }

  publish(item: Encoded, audience: unknown, nowMs: number, part: unknown): void {
    this.offset++
    this.published.push([this.#codec.decode(item.payload), audience, nowMs, part])
  }
}

/** A publisher, and what it has done. */
class World {
  readonly codec = new StandardCodec(new ClassRegistry(), defaultValueLimits)
  readonly rooms = new Map<string, FakeRoom>()
  readonly created: unknown[] = []
  readonly used: unknown[] = []
  readonly appended: Record<string, unknown>[] = []
  readonly warned: unknown[] = []
  isOpen = true
  readonly publisher: Publisher

  constructor({
    rules = {},
    maxFrameBytes = 10_000,
    isDurable = false,
  }: { rules?: object; maxFrameBytes?: number; isDurable?: boolean } = {}) {
    const rooms = {
      find: (key: string) => this.rooms.get(key),
      getOrCreate: (key: string, part: unknown) => {
        this.created.push([key, part])
        return this.rooms.get(key) ?? this.room(key)
      },
      used: (room: FakeRoom) => void this.used.push(room),
    }
    const log = { append: async (message: Record<string, unknown>) => void this.appended.push(message) }
    this.publisher = new Publisher({
      rules: { name: 'News', label: 'channel "News"', schema: undefined, history: undefined, ...rules },
      kit: {
        accounting: { server },
        limits: { maxFrameBytes },
        clock: { now: () => 77 },
        log: { warn: (...given: unknown[]) => void this.warned.push(given) },
        findSession: (id: string) => (id === 'ann' ? {} : undefined),
      },
      codec: this.codec,
      rooms,
      requireOpen: () => {
        if (!this.isOpen) throw new ServerError('the channel takes no more')
      },
      log: isDurable ? log : undefined,
    } as unknown as PublisherParts)
  }

  room(key: string, offset = 0): FakeRoom {
    const room = new FakeRoom(offset, this.codec)
    this.rooms.set(key, room)
    return room
  }
}

class FakeOutbox {
  readonly added: Record<string, unknown>[] = []
  readonly later: { send: () => void; bytes: number }[] = []
  readonly add = (message: object): void => void this.added.push({ ...message })
  readonly afterCommit = (send: () => void, bytes: number): void => void this.later.push({ send, bytes })
}

const schemaOf = (validate: (value: unknown) => unknown): object => ({
  '~standard': { version: 1, vendor: 'none', validate },
})

describe('A message that is published now', () => {
  it('is numbered, and goes to the room, with its audience, time and account', () => {
    const world = new World()
    const room = world.room('k', 4)
    expect(world.publisher.send('a', { key: 'k' }, by)).to.equal(undefined)
    world.publisher.send('b', { key: 'k', options: { to: 'ann', except: ['bob'] } }, by)
    expect(room.published).to.deep.equal([
      [[5, 'a'], undefined, 77, by],
      [[6, 'b'], { to: new Set(['ann']), except: new Set(['bob']) }, 77, by],
    ])
    expect(world.used).to.deep.equal([room, room])
    expect(world.created).to.deep.equal([])
  })

  it('is lost where no room is, and nothing keeps it', () => {
    const world = new World()
    world.publisher.send('a', { key: 'k' }, by)
    expect([world.created, world.used]).to.deep.equal([[], []])
  })

  it('makes its room where there is a history, or no key', () => {
    for (const [key, rules] of [
      ['k', { history: { size: 1 } }],
      ['', {}],
    ] as const) {
      const world = new World({ rules })
      world.publisher.send('a', { key }, by)
      expect(world.created).to.deep.equal([[key, by]])
      expect(world.rooms.get(key)?.published).to.deep.equal([[[1, 'a'], undefined, 77, by]])
    }
  })

  it('leaves no room behind if it cannot be sent', () => {
    const world = new World()
    expect(() => world.publisher.send(() => 1, { key: '' }, by)).to.throw(UnsendableError, 'message')
    expect(world.created).to.deep.equal([])
  })

  it('is for known sessions only, in a channel that is open', () => {
    const world = new World()
    const room = world.room('k')
    expect(() => world.publisher.send('a', { key: 'k', options: { to: 'bob' } }, by)).to.throw(
      'publish to channel "News": unknown session "bob"',
    )
    world.isOpen = false
    expect(() => world.publisher.send('a', { key: 'k' }, by)).to.throw('the channel takes no more')
    expect(room.published).to.deep.equal([])
  })
})

describe('A message of the program', () => {
  it('is charged to the server, and sent at once where its check is', async () => {
    const world = new World({ rules: { schema: schemaOf((value) => ({ value: `${value}!` })) } })
    const room = world.room('k')
    const published = world.publisher.publish('a', { key: 'k' })
    expect(room.published).to.deep.equal([[[1, 'a!'], undefined, 77, server]])
    expect(await published).to.equal(undefined)
  })

  it('is as it was given, also where its check takes longer', async () => {
    const world = new World({ rules: { schema: schemaOf(async (value) => ({ value })) } })
    const room = world.room('k')
    const bytes = Uint8Array.of(1)
    const published = world.publisher.publish({ bytes }, { key: 'k' })
    bytes[0] = 2
    expect(room.published).to.deep.equal([])
    await published
    expect(room.published).to.deep.equal([[[1, { bytes: Uint8Array.of(1) }], undefined, 77, server]])
  })

  it('is refused where its check says so, by the name of the channel', async () => {
    const world = new World({ rules: { schema: schemaOf(() => ({ issues: [{ message: 'bad' }] })) } })
    const failure: unknown = await world.publisher.publish('a', { key: '' }).catch((error: unknown) => error)
    expect(failure).to.be.instanceOf(ValidationError).and.include({ code: 'INVALID_INPUT' })
    expect((failure as Error).message).to.include('message for channel "News"')
    expect(world.created).to.deep.equal([])
  })

  it('is itself where there is no schema', () => {
    const message = {}
    expect(new World().publisher.check(message)).to.equal(message)
  })
})

describe('The encoding of a message', () => {
  it('fits a frame, or is refused by the name of the channel', () => {
    const { codec } = new World()
    const size = payloadSize(codec.encode(new Uint8Array(1_000), 'x')) + 128
    expect(new World({ maxFrameBytes: size }).publisher.encode(new Uint8Array(1_000), 'x').payload).to.have.length(
      1_000,
    )
    expect(() => new World({ maxFrameBytes: size - 1 }).publisher.encode(new Uint8Array(1_000), 'x'))
      .to.throw(UnsendableError, 'a message for channel "News"')
      .that.includes({ code: 'TOO_LARGE' })
  })
})

describe('A message after a commit', () => {
  const sentLater = (world: World, message: unknown, destination: Partial<Destination> = {}): FakeOutbox => {
    const outbox = new FakeOutbox()
    world.publisher.send(message, { key: 'k', ...destination, outbox }, by)
    return outbox
  }

  it('is sent as it was, with the number that it then gets', () => {
    const world = new World()
    const room = world.room('k')
    const message = { a: 1 }
    const { later } = sentLater(world, message, { options: { to: 'ann' } })
    message.a = 2
    expect(room.published).to.deep.equal([])
    expect(later.map(({ bytes }) => bytes)).to.deep.equal([payloadSize(world.codec.encode([0, { a: 1 }], 'x'))])
    room.offset = 9
    later[0]?.send()
    expect(room.published).to.deep.equal([[[10, { a: 1 }], { to: new Set(['ann']), except: new Set() }, 77, by]])
    expect(world.warned).to.deep.equal([])
  })

  it('is reported if the channel has closed meanwhile', () => {
    const world = new World()
    const room = world.room('k')
    const { later } = sentLater(world, 'a')
    world.isOpen = false
    later[0]?.send()
    expect(room.published).to.deep.equal([])
    const [[{ error }, text]] = world.warned as [[{ error: Error }, string]]
    expect(error.message).to.equal('the channel takes no more')
    expect(text).to.equal('a message for channel "News" could not be published after the commit')
  })

  it('is refused before, where it cannot be sent', () => {
    expect(() => sentLater(new World(), () => 1)).to.throw(UnsendableError, 'message')
    expect(() => sentLater(new World(), 'a', { options: { to: 'bob' } })).to.throw('unknown session')
  })
})

describe('A message of a durable channel', () => {
  const itemOf = (world: World, message: Record<string, unknown> | undefined): unknown =>
    world.codec.decode(message?.['item'] as Payload)

  it('is appended to the log without a number, and goes to no room', async () => {
    const world = new World({ isDurable: true })
    const room = world.room('k')
    const sent = world.publisher.send('a', { key: 'k' }, by)
    expect(sent).to.be.instanceOf(Promise)
    await sent
    expect(world.appended).to.have.length(1)
    expect(world.appended[0]).to.include({ channel: 'News', key: 'k', to: undefined, except: undefined })
    expect(itemOf(world, world.appended[0])).to.deep.equal([unnumbered, 'a'])
    expect(room.published).to.deep.equal([])
  })

  it('is for sessions that other servers know', async () => {
    const world = new World({ isDurable: true })
    for (const options of [{ to: 'bob' }, { except: 'bob' }, { to: [], except: [] }, { to: ['a', 'b'], except: ['c'] }])
      await world.publisher.send('a', { key: 'k', options }, by)
    expect(world.appended.map(({ to, except }) => [to, except])).to.deep.equal([
      [['bob'], undefined],
      [undefined, ['bob']],
      [[], undefined],
      [['a', 'b'], ['c']],
    ])
  })

  it('is added to the outbox of a run instead', async () => {
    const world = new World({ isDurable: true })
    const outbox = new FakeOutbox()
    await world.publisher.send('a', { key: 'k', outbox }, by)
    expect([world.appended, outbox.later]).to.deep.equal([[], []])
    expect(outbox.added[0]).to.include({ channel: 'News', key: 'k' })
    expect(itemOf(world, outbox.added[0])).to.deep.equal([unnumbered, 'a'])
  })

  it('has a key that a store keeps, and an open channel', async () => {
    const world = new World({ isDurable: true })
    const failure: unknown = await world.publisher.send('a', { key: '\0' }, by)?.catch((error: unknown) => error)
    expect(failure).to.include({ code: 'BAD_REQUEST' })
    world.isOpen = false
    expect(() => world.publisher.send('a', { key: 'k' }, by)).to.throw('the channel takes no more')
    expect(world.appended).to.deep.equal([])
  })
})
