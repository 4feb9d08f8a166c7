// The authentication of clients: asks the guards and the gate, at admission and, for guards that want it, again while the session
// lasts. Leaves when they are asked again to revalidation.ts.
import { type Gate, type Guard, guardNameOf, refusals, type Visitor } from '../action/guard.ts'
import { type Identity, isIdentity, noIdentity } from '../action/session-view.ts'
import { AuthError, invalidUsage } from '../base/errors.ts'
import { KnownClasses } from '../base/known-classes.ts'
import type { Logger } from '../base/log.ts'
import { describe, invalidOption } from '../base/options.ts'
import type { Peer, PeerCertificate } from '../link/link.ts'
import type { HelloFrame } from '../wire/frames/frame.ts'
import type { TrustList } from './trust.ts'

/** The client's rule, enforced by the server too: what others can read on the way proves nothing. */
const inClearText =
  'credentials are not accepted in clear text from another machine: use tls://, or allow it with allowClearTextToken'

/** The longest delay of timers on all platforms. */
const longestMs = 2 ** 31 - 1

export interface AuthenticatorOptions {
  readonly log: Logger
  // biome-ignore lint/suspicious/noExplicitAny: guards of any credentials
  readonly guards: readonly Guard<any>[]
  readonly gate: Gate
  readonly trust: TrustList
  /** Also accepts credentials presented in clear text from another machine. */
  readonly allowClearText: boolean
  readonly identify: (certificate: PeerCertificate) => Identity
}

/** A guard's answer: accepted; accepted, with an identity; denied. undefined: it failed, which is logged. */
export type Answer = true | Identity | Denied | undefined

/** Denied, with the guard's reason, if it gave one. */
export class Denied {
  readonly reason: AuthError | undefined

  constructor(reason: AuthError | undefined) {
    this.reason = reason
  }
}

/** A guard that wants to be asked again, with the credential its client presented. */
export interface Review {
  /** The guard's index. */
  readonly index: number
  readonly everyMs: number
  readonly credential: unknown
}

/** An admitted client, as the guards know it. */
export class Admitted {
  readonly visitor: Visitor
  /** The identity by its certificate. */
  readonly certified: Identity | undefined
  readonly reviews: readonly Review[]
  /** The last answer of each guard, by index. */
  readonly answers: Answer[]

  constructor(visitor: Visitor, certified: Identity | undefined, answers: Answer[], reviews: readonly Review[]) {
    this.visitor = visitor
    this.certified = certified
    this.answers = answers
    this.reviews = reviews
  }

  /** Fields of the certificate's identity win over those from the guards. */
  get identity(): Identity | undefined {
    let identity = this.certified
    for (const answer of this.answers) if (isIdentity(answer)) identity = { ...answer, ...identity }
    return identity
  }
}

export class Authenticator {
  readonly #options: AuthenticatorOptions
  readonly #guards: readonly NamedGuard[]

  /** Throws ClientError (`INVALID_OPTION`) for guards with the same name, and for invalid times. */
  constructor(options: AuthenticatorOptions) {
    this.#options = options
    this.#guards = namedGuards(options.guards)
  }

  /** Throws AuthError if the client is rejected. */
  async authenticate(peer: Peer, hello: HelloFrame): Promise<Admitted> {
    const { trust, identify } = this.#options
    const certified = peer.certificate === undefined ? undefined : identify(peer.certificate)
    if (certified !== undefined && !isIdentity(certified))
      throw new TypeError(noIdentity('tls.identify', certified).message)
    const visitor: Visitor = { peer, name: hello.name }
    if (trust.includes(peer)) return new Admitted(visitor, certified, [], [])
    const answers: Answer[] = []
    const reviews: Review[] = []
    for (const [index, { name, everyMs }] of this.#guards.entries()) {
      const isPresented = Object.hasOwn(hello.credentials, name)
      const credential = isPresented ? hello.credentials[name] : undefined
      const isExposed = isPresented && !peer.isPrivate && !this.#options.allowClearText
      answers.push(isExposed ? new Denied(new AuthError(inClearText)) : await this.ask(index, credential, visitor))
      if (everyMs !== undefined) reviews.push({ index, everyMs, credential })
    }
    this.require(answers)
    return new Admitted(visitor, certified, answers, reviews)
  }

  /** Asks the guard with this index. Never rejects. */
  async ask(index: number, credential: unknown, visitor: Visitor): Promise<Answer> {
    const { name, guard } = this.#guards[index] as NamedGuard
    try {
      const verdict = await guard.check(credential, visitor)
      if (verdict === true || isIdentity(verdict)) return verdict
      // Such as the answer of another server, which is an object also where it says no.
      if (verdict) throw new TypeError(`expected false, true, or an object with a text id, got ${describe(verdict)}`)
      return new Denied(undefined)
    } catch (error) {
      if (error instanceof AuthError) return new Denied(error)
      this.#options.log.error({ guard: name, error }, 'a guard failed')
      return undefined
    }
  }

  /** Throws AuthError, with the first reason that a guard gave, if the gate rejects these answers. */
  require(answers: readonly Answer[]): void {
    if (this.#options.gate(answers.map((answer) => answer === true || isIdentity(answer)))) return
    const reasons = answers.flatMap((answer) => (answer instanceof Denied ? (answer.reason ?? []) : []))
    throw reasons[0] ?? new AuthError(refusals.unaccepted)
  }
}

/** The default identity of a client certificate. */
export function identifyByFingerprint(certificate: PeerCertificate): Identity {
  return { id: `certificate:${certificate.fingerprint}`, certificate }
}

interface NamedGuard {
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: guards of any credentials
  readonly guard: Guard<any>
  readonly everyMs: number | undefined
}

/** How often a guard wants to be asked again. */
function intervalOf({ revalidateEveryMs }: AuthenticatorOptions['guards'][number], name: string): number | undefined {
  if (revalidateEveryMs === undefined) return undefined
  const isTime = typeof revalidateEveryMs === 'number' && revalidateEveryMs > 0 && revalidateEveryMs <= longestMs
  if (isTime) return revalidateEveryMs
  throw invalidOption(`revalidateEveryMs of guard ${name}`, 'milliseconds, more than 0', revalidateEveryMs)
}

/** Two guards of the same name would both check the credential meant for one of them. */
function namedGuards(guards: AuthenticatorOptions['guards']): NamedGuard[] {
  const known = new KnownClasses()
  return guards.map((guard) => {
    const name = guardNameOf(guard.constructor)
    const conflict = known.claim('guard', name, guard.constructor)
    if (conflict !== undefined) throw invalidUsage(conflict)
    return { name, guard, everyMs: intervalOf(guard, name) }
  })
}
