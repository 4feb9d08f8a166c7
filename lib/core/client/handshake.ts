// The client's handshake: sends HELLO on a new link and waits for the answer.
import type { Clock } from '../base/clock.ts'
import { AuthError, type IsockError, LinkError, ProtocolError } from '../base/errors.ts'
import { followSignal } from '../base/followed-signals.ts'
import { type Address, formatAddress } from '../link/address.ts'
import { describeForeign } from '../link/foreign-bytes.ts'
import type { FrameLink } from '../link/frame-link.ts'
import type { LinkEnding } from '../link/frame-sink.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { Feature, type Frame, type HelloFrame, Kind, protocolVersion, type WelcomeFrame } from '../wire/frames/frame.ts'

export interface HandshakeOptions {
  /** The address of the server, for error messages. */
  readonly address: Address
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly decodeError: (error: Payload) => unknown
  /** Takes over the link immediately: frames of the session may follow in the same chunk. */
  readonly onWelcome: (link: FrameLink, welcome: WelcomeFrame, address: Address) => void
  /** Called when the server did not resume the session as requested. It must not be asked again. */
  readonly onNotResumed: () => void
}

/** Why an isock server rejected this client, as opposed to a fault of the link. */
export class Refusal {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

/**
 * Sends HELLO and waits for the answer. Returns undefined if the client was admitted. Another protocol version is a refusal too. Rejects
 * with LinkError when the link ends, on a timeout, or when the peer does not speak isock: a proxy or another program may have the
 * address for a moment. The link is then closed, as after a refusal.
 */
export function shakeHands(
  link: FrameLink,
  hello: HelloFrame,
  options: HandshakeOptions,
): Promise<Refusal | undefined> {
  const { address, clock, timeoutMs, signal, decodeError, onWelcome, onNotResumed } = options
  return new Promise((resolve, reject) => {
    let isDone = false
    const settle = (): void => {
      isDone = true
      timer.cancel()
      unfollow()
    }
    const timer = clock.setTimer(() => link.close(late, 'abort'), timeoutMs)
    const late = new LinkError(`${formatAddress(address)} did not answer within ${timeoutMs} ms`)
    const onAbort = (): void => void link.close(new LinkError('the client stopped connecting'), 'abort')
    const unfollow = followSignal(signal, onAbort)
    const refuse = (error: unknown): void => {
      settle()
      resolve(new Refusal(error))
      link.close(new LinkError('the server refused the client'))
    }
    /** Without this, calls that another server has not answered would be resent to this one. */
    const rejectResumption = (): void => {
      const message = `${formatAddress(address)} claims to resume a session that it was not asked for`
      settle()
      onNotResumed()
      reject(new LinkError(message))
      link.close(new LinkError(message), 'abort')
    }
    const onFrame = (frame: Frame): void => {
      if (isDone) throw new ProtocolError('a second answer to HELLO')
      if (frame.kind === Kind.Welcome) {
        if (frame.version !== protocolVersion) return refuse(otherVersion(frame.version))
        if (frame.resumed && !isAsAsked(frame, hello)) return rejectResumption()
        settle()
        onWelcome(link, frame, address)
        resolve(undefined)
      } else if (frame.kind === Kind.Refused) refuse(decodeError(frame.error))
      else throw new ProtocolError('the first frame must be WELCOME or REFUSED')
    }
    const onLinkEnd = (reason: IsockError, how: LinkEnding): void => {
      if (isDone) return
      settle()
      if (reason instanceof AuthError) return resolve(new Refusal(reason))
      reject(how !== 'broken' ? closedBy(address, reason) : faultOf(reason, address, link.foreignBytes))
    }
    link.open({ onFrame, onLinkWritable: () => undefined, onLinkEnd })
    link.send(hello)
  })
}

/**
 * An older server would take the first calls of a fresh caller for repeated calls of the former one. No server may adopt a session for a
 * client that did not offer it.
 */
function isAsAsked(welcome: WelcomeFrame, { sessionId, features }: HelloFrame): boolean {
  if ((welcome.features & ~features & Feature.Adopted) !== 0) return false
  return welcome.sessionId === sessionId && (features & ~welcome.features & Feature.FreshCaller) === 0
}

function otherVersion(version: number): ProtocolError {
  return new ProtocolError(`the server speaks protocol version ${version}, not ${protocolVersion}`)
}

function faultOf(reason: IsockError, address: Address, foreign: Uint8Array | undefined): IsockError {
  if (!(reason instanceof ProtocolError)) return reason
  const what =
    foreign === undefined ? `${formatAddress(address)}: ${reason.message}` : describeForeign(address, foreign)
  return new LinkError(what, { cause: reason })
}

function closedBy(address: Address, cause: IsockError): LinkError {
  const name = formatAddress(address)
  const hint = address.transport === 'tcp' ? `; if it speaks TLS, use ${name.replace(/^tcp/, 'tls')}` : ''
  return new LinkError(`${name} closed the link before it answered${hint}`, { cause })
}
