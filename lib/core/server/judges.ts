// What the guards and the gate say of a client: at the door, and again while its session stands, for the guards that want to be asked
// again. When they are asked again is revalidation.ts.
import type { Identity } from '../action/context.ts'
import { type Gate, type Guard, guardNameOf, type Visitor } from '../action/guard.ts'
import { AuthError, invalidUsage } from '../base/errors.ts'
import { KnownClasses } from '../base/known-classes.ts'
import type { Logger } from '../base/log.ts'
import { invalidOption } from '../base/options.ts'
import type { Peer, PeerCertificate } from '../link/link.ts'
import type { HelloFrame } from '../wire/frames/frame.ts'
import type { TrustList } from './trust.ts'

/** The rule of a client, kept by the server too: what others can read on the way proves nothing. */
const inClearText =
  'credentials are not taken in clear text from another machine: use tls://, or allow it with allowClearTextToken'

/** The longest delay that timers of all platforms take. */
const longestMs = 2 ** 31 - 1

export interface JudgesOptions {
  readonly log: Logger
  // biome-ignore lint/suspicious/noExplicitAny: guards of any credentials
  readonly guards: readonly Guard<any>[]
  readonly gate: Gate
  readonly trust: TrustList
  /** Looks at what was presented in clear text from another machine too. */
  readonly allowClearText: boolean
  readonly identify: (certificate: PeerCertificate) => Identity
}

/** What a guard said: yes; yes, and who it is; no. Nothing: it failed, which is logged. */
export type Answer = true | Identity | No | undefined

/** With its reason, where the guard gave one. */
export class No {
  readonly reason: AuthError | undefined

  constructor(reason: AuthError | undefined) {
    this.reason = reason
  }
}

/** A guard that wants to be asked again, with what its client presented. */
export interface Review {
  /** In the order of the guards. */
  readonly index: number
  readonly everyMs: number
  readonly credential: unknown
}

/** A client that was let in, as the guards know it. */
export class Admitted {
  readonly visitor: Visitor
  /** By its certificate. */
  readonly certified: Identity | undefined
  readonly reviews: readonly Review[]
  /** The last answer of each guard, in their order. */
  readonly answers: Answer[]

  constructor(visitor: Visitor, certified: Identity | undefined, answers: Answer[], reviews: readonly Review[]) {
    this.visitor = visitor
    this.certified = certified
    this.answers = answers
    this.reviews = reviews
  }

  /** By its certificate first, and then as the guards say. */
  get identity(): Identity | undefined {
    let identity = this.certified
    for (const answer of this.answers) if (isIdentity(answer)) identity = { ...answer, ...identity }
    return identity
  }
}

export class Judges {
  readonly #options: JudgesOptions
  readonly #guards: readonly NamedGuard[]

  /** Throws ClientError (`INVALID_OPTION`) for guards of one name, and for times that are none. */
  constructor(options: JudgesOptions) {
    this.#options = options
    this.#guards = namedGuards(options.guards)
  }

  /** Throws AuthError where the client is not let in. */
  async judge(peer: Peer, hello: HelloFrame): Promise<Admitted> {
    const { trust, identify } = this.#options
    const certified = peer.certificate === undefined ? undefined : identify(peer.certificate)
    const visitor: Visitor = { peer, name: hello.name }
    if (trust.includes(peer)) return new Admitted(visitor, certified, [], [])
    const answers: Answer[] = []
    const reviews: Review[] = []
    for (const [index, { name, everyMs }] of this.#guards.entries()) {
      const isPresented = Object.hasOwn(hello.credentials, name)
      const credential = isPresented ? hello.credentials[name] : undefined
      const isExposed = isPresented && !peer.isPrivate && !this.#options.allowClearText
      answers.push(isExposed ? new No(new AuthError(inClearText)) : await this.ask(index, credential, visitor))
      if (everyMs !== undefined) reviews.push({ index, everyMs, credential })
    }
    this.require(answers)
    return new Admitted(visitor, certified, answers, reviews)
  }

  /** Asks the guard of this index. Never rejects. */
  async ask(index: number, credential: unknown, visitor: Visitor): Promise<Answer> {
    const { name, guard } = this.#guards[index] as NamedGuard
    try {
      const verdict = await guard.check(credential, visitor)
      return verdict === true || (typeof verdict === 'object' && verdict !== null) ? verdict : new No(undefined)
    } catch (error) {
      if (error instanceof AuthError) return new No(error)
      this.#options.log.error({ guard: name, error }, 'a guard failed')
      return undefined
    }
  }

  /** Throws AuthError, with the first reason that a guard gave, where the gate does not let in one with these answers. */
  require(answers: readonly Answer[]): void {
    if (this.#options.gate(answers.map((answer) => answer === true || isIdentity(answer)))) return
    const reasons = answers.flatMap((answer) => (answer instanceof No ? (answer.reason ?? []) : []))
    throw reasons[0] ?? new AuthError('this server did not accept the credentials')
  }
}

/** Who a client is by its certificate, where nobody says otherwise. */
export function identifyByFingerprint(certificate: PeerCertificate): Identity {
  return { id: `certificate:${certificate.fingerprint}`, certificate }
}

interface NamedGuard {
  readonly name: string
  // biome-ignore lint/suspicious/noExplicitAny: guards of any credentials
  readonly guard: Guard<any>
  readonly everyMs: number | undefined
}

function isIdentity(answer: Answer): answer is Identity {
  return typeof answer === 'object' && !(answer instanceof No)
}

/** How often a guard wants to be asked again. */
function intervalOf({ revalidateEveryMs }: JudgesOptions['guards'][number], name: string): number | undefined {
  if (revalidateEveryMs === undefined) return undefined
  const isTime = typeof revalidateEveryMs === 'number' && revalidateEveryMs > 0 && revalidateEveryMs <= longestMs
  if (isTime) return revalidateEveryMs
  throw invalidOption(`revalidateEveryMs of guard ${name}`, 'milliseconds, more than 0', revalidateEveryMs)
}

/** Two guards of one name would both judge the credential that was meant for one of them. */
function namedGuards(guards: JudgesOptions['guards']): NamedGuard[] {
  const known = new KnownClasses()
  return guards.map((guard) => {
    const name = guardNameOf(guard.constructor)
    const conflict = known.claim('guard', name, guard.constructor)
    if (conflict !== undefined) throw invalidUsage(conflict)
    return { name, guard, everyMs: intervalOf(guard, name) }
  })
}
