// What the guards and the gate say of a client: who is asked, with what, and what becomes of the answers.
import { expect } from 'chai'
import { Guard, type Visitor } from '../../lib/core/action/guard.ts'
import { AuthError, ClientError } from '../../lib/core/base/errors.ts'
import type { Peer } from '../../lib/core/link/link.ts'
import {
  Admitted,
  Authenticator,
  type AuthenticatorOptions,
  Denied,
  identifyByFingerprint,
} from '../../lib/core/server/authenticator.ts'
import { TrustList } from '../../lib/core/server/trust.ts'
import type { HelloFrame } from '../../lib/core/wire/frames/frame.ts'

const privatePeer: Peer = { transport: 'unix', description: 'a neighbour', isPrivate: true }
const stranger: Peer = { transport: 'tcp', description: 'a stranger', address: '192.0.2.1', isPrivate: false }

/** A guard that says what the spec tells it to. */
class Scripted extends Guard<unknown> {
  static override guardName = 'first'
  override revalidateEveryMs: number | undefined = undefined
  answer: () => unknown = () => true
  readonly asked: unknown[][] = []

  check(...given: [unknown, Visitor]): boolean {
    this.asked.push(given)
    return this.answer() as boolean
  }
}

class Second extends Scripted {
  static override guardName = 'second'
}

describe('Authenticator', () => {
  let first: Scripted
  let second: Second
  let logged: unknown[]

  beforeEach(() => {
    first = new Scripted()
    second = new Second()
    logged = []
  })

  function authenticatorWith(options: Partial<AuthenticatorOptions> = {}): Authenticator {
    return new Authenticator({
      log: { error: (fields: unknown) => logged.push(fields) } as unknown as AuthenticatorOptions['log'],
      guards: [first, second],
      gate: (answers) => answers.every(Boolean),
      trust: new TrustList(),
      allowClearText: false,
      identify: identifyByFingerprint,
      ...options,
    })
  }

  const hello = (credentials: Record<string, unknown> = {}): HelloFrame =>
    ({ name: 'ada', credentials }) as unknown as HelloFrame
  const refusalOf = (judging: Promise<unknown>): Promise<string> =>
    judging.then(
      () => 'let in',
      (error: AuthError) => `${error instanceof AuthError ? 'refused' : 'odd'}: ${error.message}`,
    )

  it('ask each guard with what was presented to it, and who it is that presents', async () => {
    await authenticatorWith().authenticate(privatePeer, hello({ second: 'secret', third: 'x' }))
    expect(first.asked).to.deep.equal([[undefined, { peer: privatePeer, name: 'ada' }]])
    expect(second.asked).to.deep.equal([['secret', { peer: privatePeer, name: 'ada' }]])
  })

  it('take nothing for presented that only looks like it', async () => {
    class Odd extends Scripted {
      static override guardName = 'toString'
    }
    const odd = new Odd()
    await authenticatorWith({ guards: [odd] }).authenticate(privatePeer, hello())
    expect(odd.asked[0]?.[0]).to.equal(undefined)
  })

  it('let in as the gate says, by the answers in the order of the guards', async () => {
    const seen: unknown[] = []
    first.answer = () => ({ id: 'ada' })
    second.answer = () => false
    const gate = (answers: readonly boolean[]): boolean => seen.push(answers) > 1
    const authenticator = authenticatorWith({ gate })
    expect(await refusalOf(authenticator.authenticate(privatePeer, hello()))).to.match(/^refused/)
    expect(await refusalOf(authenticator.authenticate(privatePeer, hello()))).to.equal('let in')
    expect(seen).to.deep.equal([
      [true, false],
      [true, false],
    ])
  })

  it('take yes and an identity for yes, and everything else for no', async () => {
    for (const [answer, isYes] of [
      [true, true],
      [{ id: 'ada' }, true],
      [false, false],
      [null, false],
      [undefined, false],
      ['yes', false],
      [1, false],
      [{}, false],
      [{ id: 7 }, false],
      [{ name: 'ada' }, false],
    ] as const) {
      first.answer = () => answer
      const result = await refusalOf(authenticatorWith().authenticate(privatePeer, hello()))
      expect(result === 'let in', JSON.stringify(answer)).to.equal(isYes)
    }
  })

  it('log what is no answer of a guard, such as an object that also says no', async () => {
    first.answer = () => ({ ok: false, status: 401 })
    expect(await refusalOf(authenticatorWith().authenticate(privatePeer, hello()))).to.match(/^refused/)
    expect(logged).to.have.length(1)
    expect(logged[0]).to.have.property('guard', 'first')
    expect(String((logged[0] as { error: Error }).error)).to.match(/false, true, or an object with a text id, got an/)
    for (const answer of [false, null, undefined]) {
      first.answer = () => answer
      await refusalOf(authenticatorWith().authenticate(privatePeer, hello()))
    }
    expect(logged).to.have.length(1)
  })

  it('let nobody in whose certificate gives no identity', async () => {
    const certificate = { fingerprint: 'AB' } as Peer['certificate']
    const identify = (() => ({ id: undefined })) as unknown as AuthenticatorOptions['identify']
    const judging = authenticatorWith({ identify }).authenticate({ ...privatePeer, certificate } as Peer, hello())
    expect(await refusalOf(judging)).to.match(/^odd: option tls.identify: expected an object with a text id/)
  })

  it('refuse with the first reason that a guard gave, or without one', async () => {
    first.answer = () => false
    expect(await refusalOf(authenticatorWith().authenticate(privatePeer, hello()))).to.equal(
      'refused: this server did not accept the credentials',
    )
    second.answer = () => {
      throw new AuthError('you are too late')
    }
    expect(await refusalOf(authenticatorWith().authenticate(privatePeer, hello()))).to.equal(
      'refused: you are too late',
    )
    expect(logged).to.deep.equal([])
  })

  it('log a guard that fails, and take that for no, without telling the client', async () => {
    const error = new TypeError('the user store is down')
    first.answer = () => {
      throw error
    }
    expect(await refusalOf(authenticatorWith().authenticate(privatePeer, hello()))).to.include(
      'did not accept the credentials',
    )
    expect(logged).to.deep.equal([{ guard: 'first', error }])
    expect(await authenticatorWith().ask(0, undefined, { peer: privatePeer, name: undefined })).to.equal(undefined)
  })

  it('look at nothing that came in clear text from another machine, unless that is allowed', async () => {
    const result = await refusalOf(authenticatorWith().authenticate(stranger, hello({ first: 'secret' })))
    expect(result).to.include('credentials are not accepted in clear text')
    expect(first.asked).to.deep.equal([])
    expect(second.asked, 'nothing was presented to it').to.have.length(1)
    await authenticatorWith({ allowClearText: true }).authenticate(stranger, hello({ first: 'secret' }))
    expect(first.asked[0]?.[0]).to.equal('secret')
  })

  it('ask nobody about an address that is trusted', async () => {
    const gate = (): boolean => false
    const authenticator = authenticatorWith({ trust: new TrustList(['192.0.2.0/24']), gate })
    const admitted = await authenticator.authenticate(stranger, hello())
    expect([admitted.answers, admitted.reviews, first.asked]).to.deep.equal([[], [], []])
    expect(admitted.visitor).to.deep.equal({ peer: stranger, name: 'ada' })
    expect(await refusalOf(authenticator.authenticate(privatePeer, hello())), 'one without an address').to.match(
      /^refused/,
    )
  })

  it('know a client by its certificate first, and then as the guards say', async () => {
    const certificate = { commonName: 'ada', fingerprint: 'AB:CD', subject: {} }
    first.answer = () => ({ id: 'by the guard', role: 'editor' })
    const { identity } = await authenticatorWith().authenticate({ ...stranger, certificate }, hello())
    expect(identity).to.deep.equal({ id: 'certificate:AB:CD', certificate, role: 'editor' })
    expect((await authenticatorWith().authenticate(privatePeer, hello())).identity).to.deep.equal({
      id: 'by the guard',
      role: 'editor',
    })
    first.answer = () => true
    expect((await authenticatorWith().authenticate(privatePeer, hello())).identity).to.equal(undefined)
  })

  it('put together what several guards say, the first one above the others', () => {
    const answers = [{ id: 'a', role: 'x' }, true, { id: 'b' }, new Denied(undefined), undefined] as const
    const admitted = new Admitted({ peer: privatePeer, name: undefined }, undefined, [...answers], [])
    expect(admitted.identity).to.deep.equal({ id: 'a', role: 'x' })
  })

  it('remember the guards that want to be asked again, with what was presented', async () => {
    second.revalidateEveryMs = 5_000
    const { reviews, answers } = await authenticatorWith().authenticate(privatePeer, hello({ second: 'secret' }))
    expect(reviews).to.deep.equal([{ index: 1, everyMs: 5_000, credential: 'secret' }])
    expect(answers).to.deep.equal([true, true])
  })

  it('refuse times that are none, and guards of one name', () => {
    for (const time of [0, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 31, '5' as never]) {
      first.revalidateEveryMs = time
      expect(() => authenticatorWith(), String(time)).to.throw(ClientError, 'revalidateEveryMs of guard first')
    }
    for (const time of [1, 2 ** 31 - 1]) {
      first.revalidateEveryMs = time
      authenticatorWith()
    }
    const Other = class extends Guard {
      static override guardName = 'first'
      check(): boolean {
        return true
      }
    }
    expect(() => authenticatorWith({ guards: [first, new Other()] })).to.throw(
      'two different classes are called guard "first"',
    )
  })
})
