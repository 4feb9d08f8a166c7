// The state of a durable service in its stored form: its bound, its version, and what makes it unreadable.
import { expect } from 'chai'
import { Refused } from '../../lib/core/action/refused.ts'
import { ServerError, UnsendableError } from '../../lib/core/base/errors.ts'
import type { StoredState } from '../../lib/core/server/service-states.ts'
import { type Payload, payloadSize } from '../../lib/core/wire/bytes/payload.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { defaultValueLimits } from '../../lib/core/wire/values/value-limits.ts'
import { type AnyService, Service } from '../../lib/features/services/service.ts'
import { StateCodec } from '../../lib/features/services/state-codec.ts'

/** The parts of a service that matter here; by default it cannot bring a state up to date. */
class Fake {
  static stateVersion?: number
  upgrade: unknown = Service.prototype.upgrade
}

class FakeOfVersion3 extends Fake {
  static override stateVersion = 3
}

class Upgraded extends FakeOfVersion3 {
  override upgrade = (state: unknown, from: number): unknown => ({ state, from })
}

function codecOf(service: Fake, maxBytes = 1_000): StateCodec {
  const limits = { maxValueDepth: 100, maxValueNodes: 1_000 }
  return new StateCodec(service as unknown as AnyService, maxBytes, { classes: new ClassRegistry(), limits } as never)
}

const payloadOf = (value: unknown): Payload =>
  new StandardCodec(new ClassRegistry(), defaultValueLimits).encode(value, 'x')

const stored = (state: Payload, stateVersion: number): StoredState => ({ phase: 'initialized', stateVersion, state })

const failureOf = (codec: StateCodec, state: StoredState): Promise<unknown> =>
  codec.decode(state, 'S').catch((error: unknown) => error)

describe('The state of a service', () => {
  it('is stored with the version of its class, or 1, and read again', async () => {
    for (const [service, version] of [
      [new Fake(), 1],
      [new FakeOfVersion3(), 3],
    ] as const) {
      const codec = codecOf(service)
      const state = codec.encode({ at: new Date(0) }, 'S')
      expect(state).to.include({ phase: 'initialized', stateVersion: version })
      expect(await codec.decode(state, 'S')).to.deep.equal({ at: new Date(0) })
    }
  })

  it('may have as many bytes as its bound, and not one more', () => {
    const size = payloadSize(payloadOf('state'))
    expect(codecOf(new Fake(), size).encode('state', 'S').phase).to.equal('initialized')
    expect(() => codecOf(new Fake(), size - 1).encode('state', 'service "S"'))
      .to.throw(
        UnsendableError,
        `that of service "S" has ${size} bytes, and may have ${size - 1}; raise maxStateBytes of addService, or keep less in it`,
      )
      .that.includes({ code: 'TOO_LARGE', path: 'state' })
  })

  it('is named where it cannot be sent', () => {
    expect(() => codecOf(new Fake()).encode({ f: () => 1 }, 'S')).to.throw(UnsendableError, 'state')
  })

  it('is brought up to date by its class', async () => {
    const codec = codecOf(new Upgraded())
    expect(await codec.decode(stored(payloadOf('a'), 2), 'S')).to.deep.equal({ state: 'a', from: 2 })
    expect(await codec.decode(stored(payloadOf('a'), 3), 'S')).to.equal('a')
  })

  it('is not read if it is older, and the class has no upgrade', async () => {
    const failure = await failureOf(codecOf(new FakeOfVersion3()), stored(payloadOf('a'), 2))
    expect(failure).to.be.instanceOf(ServerError).and.include({
      code: 'INVALID_SERVICE',
      message:
        'the state of S has the stateVersion 2, and its class has 3; give the class a method upgrade(state, from)',
    })
  })

  it('is refused if a newer class has written it', async () => {
    const failure = await failureOf(codecOf(new Upgraded()), stored(payloadOf('a'), 4))
    expect(failure).to.be.instanceOf(Refused)
    expect((failure as Refused).error)
      .to.be.instanceOf(ServerError)
      .and.include({
        code: 'CONTRACT_MISMATCH',
        notStarted: true,
        message:
          "the state of S has the stateVersion 4, and this server's class has 3; a server with the newer class can run this",
      })
  })

  it('says why it cannot be read', async () => {
    const failure = await failureOf(codecOf(new Fake()), stored('{', 1))
    expect(failure).to.be.instanceOf(ServerError).and.include({ code: 'INVALID_SERVICE' })
    const { message, cause } = failure as Error
    expect(message).to.equal(
      `the state of S cannot be read (${(cause as Error).message}); declare its classes in static classes of the service`,
    )
  })
})
