// The admission of a new link: one small frame, the guards, the gate, an answer, then a session. Reads nothing else from an
// unknown peer.
import type { Account, AccountSubject } from '../accounting/account.ts'
import type { Accounting } from '../accounting/accounting.ts'
import type { FairPlaces } from '../accounting/fair-places.ts'
import { placeBytes } from '../accounting/held.ts'
import type { Owner } from '../accounting/owner.ts'
import type { Identity } from '../action/context.ts'
import { runClean } from '../base/async-context.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { AuthError, IsockError, LinkError, ProtocolError, ServerError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { type Limits, maxHandshakeBytes } from '../base/options.ts'
import { greetingOf } from '../link/foreign-greeting.ts'
import { FrameLink, type FrameLinkOptions } from '../link/frame-link.ts'
import type { Link } from '../link/link.ts'
import { ReadTurns } from '../link/read-turns.ts'
import type { AdoptedCalls } from '../session/call-records.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { Slabs } from '../wire/bytes/slabs.ts'
import { type Frame, type HelloFrame, Kind, protocolVersion } from '../wire/frames/frame.ts'
import { fitsFrame } from '../wire/frames/frame-fit.ts'
import { MsgpackReader } from '../wire/frames/msgpack-reader.ts'
import { Admitted, type Authenticator } from './authenticator.ts'
import type { SessionAdoption } from './session-adoption.ts'

/** The most characters of a reason sent to a client; each may take six bytes. */
const longestReason = 400

export interface AdmissionOptions {
  readonly clock: Clock
  readonly limits: Limits
  readonly accounting: Accounting
  readonly log: Logger
  readonly authenticator: Authenticator
  readonly encodeError: (error: IsockError) => Payload
  /** The addresses at which the server listens. */
  readonly addresses: () => readonly string[]
  /** The reason why no client is currently admitted, if any. */
  readonly refusal: () => IsockError | undefined
  /** Assigns the link its session, and answers WELCOME. Throws an IsockError to reject the client. */
  readonly accept: (link: FrameLink, hello: HelloFrame, admitted: Admitted, adopted: AdoptedCalls | undefined) => void
  readonly adoption: SessionAdoption
}

export class Admission {
  readonly #options: AdmissionOptions
  readonly #ofAllLinks: FrameLinkOptions
  /** Links not admitted yet, with their accounts. */
  readonly #candidates = new Map<FrameLink, Account>()
  readonly #places: FairPlaces

  constructor(options: AdmissionOptions) {
    this.#options = options
    const { clock, limits } = options
    const turns = new ReadTurns(clock)
    this.#ofAllLinks = { clock, limits, turns, slabs: new Slabs(), reader: new MsgpackReader() }
    this.#places = options.accounting.places('unauthenticatedLinks', options.limits.maxUnauthenticatedLinks)
  }

  /** Links not admitted yet. */
  get candidateCount(): number {
    return this.#candidates.size
  }

  /** `known`: who speaks over it is known without asking the guards. */
  onLink(link: Link, known?: { readonly identity: Identity | undefined }): void {
    const { clock, limits, accounting } = this.#options
    const opened = new OpenedLink(link)
    const account = accounting.open(opened)
    if (!this.#places.take(account)) {
      account.close()
      link.open({ onBytes: () => undefined, onDrain: () => undefined, onEnd: () => undefined })
      link.close('abort')
      return
    }
    // Silent links are evicted first.
    account.rest()
    const frameLink = new FrameLink(link, { ...this.#ofAllLinks, account })
    opened.frames = frameLink
    this.#candidates.set(frameLink, account)
    const late = new LinkError(`the handshake took more than ${limits.handshakeTimeoutMs} ms`)
    const timer = clock.setTimer(() => frameLink.close(late, 'abort'), limits.handshakeTimeoutMs)
    let hasHello = false
    frameLink.open({
      onFrame: (frame) => {
        if (hasHello) throw new ProtocolError('a frame before the session was accepted')
        hasHello = true
        account.wake()
        // An async context that a guard enters must not stay with the link.
        runClean(() => this.#admit(frameLink, frame, timer, known), undefined).catch((error) =>
          frameLink.close(asIsockError(error), 'abort'),
        )
      },
      answerForeign: (bytes) => this.#answerForeign(bytes, frameLink),
      onLinkWritable: () => undefined,
      onLinkEnd: (reason) => void this.#release(frameLink, timer, reason),
    })
  }

  /** Closes all links not admitted yet. */
  close(reason: IsockError): void {
    for (const candidate of [...this.#candidates.keys()]) candidate.close(reason)
  }

  async #admit(
    link: FrameLink,
    frame: Frame,
    timer: Timer,
    known: { readonly identity: Identity | undefined } | undefined,
  ): Promise<void> {
    try {
      if (frame.kind !== Kind.Hello) throw new ProtocolError('the first frame must be HELLO')
      if (frame.version !== protocolVersion) throw wrongVersion(frame.version)
      this.#refuseIfClosed()
      const { authenticator } = this.#options
      const admitted =
        known === undefined
          ? await authenticator.authenticate(link.peer, frame)
          : new Admitted({ peer: link.peer, name: frame.name }, known.identity, [], [])
      const accept = (adopted?: AdoptedCalls): void => {
        // The link or the server may have closed while the guards ran.
        if (link.isEnded) return
        this.#refuseIfClosed()
        this.#options.accept(link, frame, admitted, adopted)
        this.#forget(link, timer)
      }
      const asked = this.#options.adoption.ask(frame, admitted.identity, accept)
      if (asked === undefined) accept()
      else await asked
    } catch (error) {
      if (!(error instanceof IsockError)) this.#options.log.error({ error }, 'authenticating a client failed')
      const refusal = asIsockError(error)
      this.#options.log.info({ peer: link.peer.description, reason: refusal.message }, 'client refused')
      link.send({ kind: Kind.Refused, error: this.#describe(refusal) })
      await link.close(refusal)
    }
  }

  #answerForeign(bytes: Uint8Array, { peer }: FrameLink): Uint8Array | undefined {
    const greeting = greetingOf(bytes, this.#options.addresses())
    if (greeting === undefined) return undefined
    const { protocol, answer } = greeting
    this.#options.log.info({ peer: peer.description, protocol }, `a client speaks ${protocol}, not isock`)
    return answer
  }

  /** A refusal must fit the client's bound on first frames, however long a guard's message is. */
  #describe(refusal: IsockError): Payload {
    const error = this.#options.encodeError(refusal)
    if (fitsFrame(error, maxHandshakeBytes)) return error
    return this.#options.encodeError(new AuthError(refusal.message.slice(0, longestReason)))
  }

  #refuseIfClosed(): void {
    const refusal = this.#options.refusal()
    if (refusal !== undefined) throw refusal
  }

  /** A link that ended counts until it is released: a peer that does not close its half keeps its place. */
  async #release(link: FrameLink, timer: Timer, reason: IsockError): Promise<void> {
    timer.cancel()
    await link.close(reason)
    this.#forget(link, timer)
  }

  #forget(link: FrameLink, timer: Timer): void {
    timer.cancel()
    const account = this.#candidates.get(link)
    if (account === undefined) return
    this.#candidates.delete(link)
    this.#places.leave(account)
  }
}

/** The account subject of a link, from its start to its end. */
class OpenedLink implements AccountSubject {
  readonly bytes = placeBytes.link
  readonly owner: Owner
  frames: FrameLink | undefined

  constructor({ peer }: Link) {
    this.owner = { address: peer.address, identity: undefined }
  }

  shed(reason: IsockError): void {
    this.frames?.close(new LinkError(reason.message), 'abort')
  }
}

function wrongVersion(version: number): ServerError {
  return new ServerError(
    `protocol version ${version} is not supported, only ${protocolVersion}; use the same version of isock for client and server`,
    {
      code: 'PROTOCOL',
      notStarted: true,
    },
  )
}

function asIsockError(error: unknown): IsockError {
  return error instanceof IsockError ? error : new ServerError('the server failed to authenticate the client')
}
