// A session is resumed by who knows its secret and is who it was made for; everybody else gets a new one.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { type Credential, Guard } from '../../lib/index.ts'
import { Arena, refs } from './arena.ts'
import { callFrame, type RawPeer } from './raw-peer.ts'

/** Believes the name that it is told; the arena's own client gives none. */
class Believer extends Guard<string> {
  check(name: string | undefined) {
    return name === undefined ? true : { id: name }
  }
}

describe('Hostile peers: session theft', () => {
  let arena: Arena
  let owner: RawPeer
  let sessionId: string
  let resumeSecret: Uint8Array

  beforeEach(async () => {
    arena = await Arena.open({ sessionLeaseMs: 300 }, { guards: [new Believer()] })
    owner = await arena.stranger()
    ;({ sessionId, resumeSecret } = await owner.enter({ credentials: as('alice') }))
  })

  afterEach(() => arena.close())

  function as(name: string): Record<string, unknown> {
    const { guard, value }: Credential = Believer.credential(name)
    return { [guard]: value }
  }

  async function tries(hello: Parameters<RawPeer['enter']>[0]): Promise<{ isResumed: boolean; isSame: boolean }> {
    const peer = await arena.stranger()
    const welcome = await peer.enter(hello)
    return { isResumed: welcome.resumed, isSame: welcome.sessionId === sessionId }
  }

  const stolen = { isResumed: false, isSame: false }

  it('the owner resumes it', async () => {
    const welcome = await tries({ sessionId, resumeSecret, credentials: as('alice') })
    expect(welcome).to.deep.equal({ isResumed: true, isSame: true })
    await owner.closed()
  })

  it('ids and secrets are long, and new for each session', async () => {
    const other = await (await arena.stranger()).enter()
    expect(sessionId).to.match(/^[0-9a-f]{32}$/)
    expect(resumeSecret).to.have.length(32)
    expect(other.sessionId).to.not.equal(sessionId)
    expect(other.resumeSecret).to.not.deep.equal(resumeSecret)
  })

  const wrongSecrets: readonly (readonly [string, (right: Uint8Array) => Uint8Array | undefined])[] = [
    ['no secret', () => undefined],
    ['an empty secret', () => new Uint8Array(0)],
    ['a shorter secret', (right) => right.subarray(0, 31)],
    ['a longer secret', (right) => Uint8Array.of(...right, 0)],
    ['a secret with one bit changed', (right) => right.with(31, right[31]! ^ 1)],
    ['a secret of zeros', () => new Uint8Array(32)],
  ]
  for (const [what, secretOf] of wrongSecrets) {
    it(`${what} makes a new session, and leaves the owner's alone`, async () => {
      const hello = { sessionId, resumeSecret: secretOf(resumeSecret), credentials: as('alice') }
      expect(await tries(hello)).to.deep.equal(stolen)
      await owner.isServed()
    })
  }

  it('the right secret in the hands of another identity makes a new session', async () => {
    expect(await tries({ sessionId, resumeSecret, credentials: as('mallory') })).to.deep.equal(stolen)
    expect(await tries({ sessionId, resumeSecret })).to.deep.equal(stolen)
    await owner.isServed()
  })

  it('ids that do not exist, and those of prototypes, make a new session', async () => {
    for (const id of ['0'.repeat(32), '__proto__', 'constructor', 'toString']) {
      expect(await tries({ sessionId: id, resumeSecret, credentials: as('alice') })).to.deep.equal(stolen)
    }
  })

  it('answers of the former link do not go to a thief', async () => {
    owner.introduce('Echo', 'Hold')
    owner.call(1_024, { ref: refs.Echo, data: '"secret"' })
    await owner.next(Kind.Result, 1_024)
    const thief = await arena.stranger()
    await thief.enter({ sessionId, resumeSecret: new Uint8Array(32), credentials: as('alice') })
    thief.introduce('Echo')
    thief.send({ kind: Kind.Cancel, seq: 1_024, reason: 0 })
    expect((await thief.failure(1_024)).error.code).to.equal('CANCELLED')
    expect(thief.all(Kind.Result)).to.deep.equal([])
  })

  it('a session that was ended by BYE, or whose lease is over, is gone', async () => {
    owner.send({ kind: Kind.Bye, isClean: true })
    await owner.closed()
    expect(await tries({ sessionId, resumeSecret, credentials: as('alice') })).to.deep.equal(stolen)
  })

  it('a call that is repeated over the new link joins its run', async () => {
    owner.introduce('Echo')
    owner.call(1_024, { data: '1' })
    await owner.next(Kind.Result, 1_024)
    const again = await arena.stranger()
    await again.enter({ sessionId, resumeSecret, credentials: as('alice') })
    again.introduce('Echo')
    again.send(callFrame(1_024, { attempt: 2, data: '"other data, not looked at"' }))
    expect(await again.result(1_024)).to.equal(1)
  })
})
