// The client's first words on a new link, and the answer.
import type { Clock } from '../base/clock.ts'
import { type IsockError, LinkError, ProtocolError } from '../base/errors.ts'
import type { FrameLink } from '../link/frame-link.ts'
import { type Frame, type HelloFrame, Kind, protocolVersion, type WelcomeFrame } from '../wire/frame.ts'
import type { Payload } from '../wire/payload.ts'

export interface HandshakeOptions {
  readonly clock: Clock
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly decodeError: (error: Payload) => unknown
  /** Takes the link over at once: frames of the session may follow in the same chunk. */
  readonly onWelcome: (link: FrameLink, welcome: WelcomeFrame) => void
}

/** The refusal of a server, kept apart from faults of the way to it. */
export class Refusal {
  readonly error: unknown

  constructor(error: unknown) {
    this.error = error
  }
}

/**
 * Says HELLO and waits for the answer; undefined: we were let in. Rejects with LinkError when the link ends or time runs out, with
 * ProtocolError when something else than an answer comes. The link is closed then, and after a refusal.
 */
export function shakeHands(
  link: FrameLink,
  hello: HelloFrame,
  options: HandshakeOptions,
): Promise<Refusal | undefined> {
  const { clock, timeoutMs, signal, decodeError, onWelcome } = options
  return new Promise((resolve, reject) => {
    let isDone = false
    const settle = (): void => {
      isDone = true
      timer.cancel()
      signal.removeEventListener('abort', onAbort)
    }
    const timer = clock.setTimer(() => link.close(late, 'abort'), timeoutMs)
    const late = new LinkError(`the server did not answer within ${timeoutMs} ms`)
    const onAbort = (): void => void link.close(new LinkError('the client gave up connecting'), 'abort')
    signal.addEventListener('abort', onAbort, { once: true })
    const onFrame = (frame: Frame): void => {
      if (isDone) throw new ProtocolError('a second answer to HELLO')
      if (frame.kind === Kind.Welcome) {
        if (frame.version !== protocolVersion)
          throw new ProtocolError(`the server speaks protocol version ${frame.version}, not ${protocolVersion}`)
        settle()
        onWelcome(link, frame)
        resolve(undefined)
      } else if (frame.kind === Kind.Refused) {
        settle()
        resolve(new Refusal(decodeError(frame.error)))
        link.close(new LinkError('the server refused the client'))
      } else throw new ProtocolError('the first frame must be WELCOME or REFUSED')
    }
    const onLinkEnd = (reason: IsockError): void => {
      if (isDone) return
      settle()
      reject(reason)
    }
    link.open({ onFrame, onLinkWritable: () => undefined, onLinkEnd })
    link.send(hello)
  })
}
