// From a new link to an accepted session: one small frame, the guards, the gate, an answer. Nothing else of an
// unknown peer is read.
import type { Account, AccountSubject } from '../accounting/account.ts'
import type { Accounting } from '../accounting/accounting.ts'
import type { FairPlaces } from '../accounting/fair-places.ts'
import { placeBytes } from '../accounting/held.ts'
import type { Owner } from '../accounting/owner.ts'
import { runClean } from '../base/async-context.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { AuthError, IsockError, LinkError, ProtocolError, ServerError } from '../base/errors.ts'
import type { Logger } from '../base/log.ts'
import { type Limits, maxHandshakeBytes } from '../base/options.ts'
import { greetingOf } from '../link/foreign-greeting.ts'
import { FrameLink, type FrameLinkOptions } from '../link/frame-link.ts'
import type { Link } from '../link/link.ts'
import { ReadTurns } from '../link/read-turns.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { Slabs } from '../wire/bytes/slabs.ts'
import { type Frame, type HelloFrame, Kind, protocolVersion } from '../wire/frames/frame.ts'
import { fitsFrame } from '../wire/frames/frame-fit.ts'
import { MsgpackReader } from '../wire/frames/msgpack-reader.ts'
import type { Admitted, Judges } from './judges.ts'

/** Characters of a reason that is told to a client; each may take six bytes as text. */
const longestReason = 400

export interface AdmissionOptions {
  readonly clock: Clock
  readonly limits: Limits
  readonly accounting: Accounting
  readonly log: Logger
  readonly judges: Judges
  readonly encodeError: (error: IsockError) => Payload
  /** Where the server listens. */
  readonly addresses: () => readonly string[]
  /** Why nobody is let in at the moment, if so. */
  readonly refusal: () => IsockError | undefined
  /** Gives the link its session, which answers WELCOME. Throws an IsockError to refuse. */
  readonly accept: (link: FrameLink, hello: HelloFrame, admitted: Admitted) => void
}

export class Admission {
  readonly #options: AdmissionOptions
  readonly #ofAllLinks: FrameLinkOptions
  /** Links that are not let in yet, with what they hold. */
  readonly #candidates = new Map<FrameLink, Account>()
  readonly #places: FairPlaces

  constructor(options: AdmissionOptions) {
    this.#options = options
    const { clock, limits } = options
    const turns = new ReadTurns(clock)
    this.#ofAllLinks = { clock, limits, turns, slabs: new Slabs(), reader: new MsgpackReader() }
    this.#places = options.accounting.places('unauthenticatedLinks', options.limits.maxUnauthenticatedLinks)
  }

  /** Links that are not let in yet. */
  get candidateCount(): number {
    return this.#candidates.size
  }

  onLink(link: Link): void {
    const { clock, limits, accounting } = this.#options
    const opened = new OpenedLink(link)
    const account = accounting.open(opened)
    if (!this.#places.take(account)) {
      account.close()
      link.open({ onBytes: () => undefined, onDrain: () => undefined, onEnd: () => undefined })
      link.close('abort')
      return
    }
    // Silent ones are the first to make room.
    account.rest()
    const frameLink = new FrameLink(link, { ...this.#ofAllLinks, account })
    opened.frames = frameLink
    this.#candidates.set(frameLink, account)
    const late = new LinkError(`the handshake took over ${limits.handshakeTimeoutMs} ms`)
    const timer = clock.setTimer(() => frameLink.close(late, 'abort'), limits.handshakeTimeoutMs)
    let hasHello = false
    frameLink.open({
      onFrame: (frame) => {
        if (hasHello) throw new ProtocolError('a frame before the session was accepted')
        hasHello = true
        account.wake()
        // What a guard enters must not stay with the link.
        runClean(() => this.#judge(frameLink, frame, timer), undefined).catch((error) =>
          frameLink.close(asIsockError(error), 'abort'),
        )
      },
      answerForeign: (bytes) => this.#answerForeign(bytes, frameLink),
      onLinkWritable: () => undefined,
      onLinkEnd: (reason) => void this.#release(frameLink, timer, reason),
    })
  }

  /** Ends all links that are not let in yet. */
  close(reason: IsockError): void {
    for (const candidate of [...this.#candidates.keys()]) candidate.close(reason)
  }

  async #judge(link: FrameLink, frame: Frame, timer: Timer): Promise<void> {
    try {
      if (frame.kind !== Kind.Hello) throw new ProtocolError('the first frame must be HELLO')
      if (frame.version !== protocolVersion) throw wrongVersion(frame.version)
      this.#refuseIfClosed()
      const admitted = await this.#options.judges.judge(link.peer, frame)
      // The world may have changed while the guards thought.
      if (link.isEnded) return
      this.#refuseIfClosed()
      this.#options.accept(link, frame, admitted)
      this.#forget(link, timer)
    } catch (error) {
      if (!(error instanceof IsockError)) this.#options.log.error({ error }, 'judging a client failed')
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
    this.#options.log.info({ peer: peer.description, protocol }, `a client speaks ${protocol} where isock is spoken`)
    return answer
  }

  /** A refusal must fit the client's bound on first frames, whatever a guard wrote into it. */
  #describe(refusal: IsockError): Payload {
    const error = this.#options.encodeError(refusal)
    if (fitsFrame(error, maxHandshakeBytes)) return error
    return this.#options.encodeError(new AuthError(refusal.message.slice(0, longestReason)))
  }

  #refuseIfClosed(): void {
    const refusal = this.#options.refusal()
    if (refusal !== undefined) throw refusal
  }

  /** A link that ended counts until it is gone: a peer that does not close its half keeps its place. */
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

/** A link, as it is accounted for from its first moment to its end. */
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
    `protocol version ${version} is not spoken here, only ${protocolVersion}; bring client and server to one version`,
    {
      code: 'PROTOCOL',
      notStarted: true,
    },
  )
}

function asIsockError(error: unknown): IsockError {
  return error instanceof IsockError ? error : new ServerError('the server failed to judge the client')
}
