// One attempt to connect. Tries each address in turn until a server admits the client. The session's own address comes first, and
// only it gets the session's secret.

import { runClean } from '../base/async-context.ts'
import { AuthError, ClientError, IsockError, LinkError, ProtocolError, type ServerError } from '../base/errors.ts'
import { LinkedAbort } from '../base/linked-abort.ts'
import { maxHandshakeBytes } from '../base/options.ts'
import { type Address, formatAddress } from '../link/address.ts'
import { FrameLink } from '../link/frame-link.ts'
import type { Peer } from '../link/link.ts'
import { Slabs } from '../wire/bytes/slabs.ts'
import {
  Feature,
  type HelloFrame,
  Kind,
  peerLimitsOf,
  protocolVersion,
  type WelcomeFrame,
} from '../wire/frames/frame.ts'
import { helloSize } from '../wire/frames/frame-writer.ts'
import { decodeThrown } from '../wire/rich/error-record.ts'
import type { ValueCodec } from '../wire/value-codec.ts'
import type { ResolvedClientOptions } from './client-options.ts'
import { type Refusal, shakeHands } from './handshake.ts'
import { explained, presentedTo } from './presented.ts'
import { isSameAddress, type SessionHome } from './session-home.ts'
import type { Resumable } from './stored-sessions.ts'

/** Takes over a link whose server, at this address, has admitted the client. */
export type OnWelcome = (link: FrameLink, welcome: WelcomeFrame, address: Address) => void

export class Connector {
  readonly #options: ResolvedClientOptions
  readonly #codec: ValueCodec
  readonly #slabs = new Slabs()
  /** The index of the first address to ask for a new session: the one that last admitted the client. */
  #current = 0

  constructor(options: ResolvedClientOptions, codec: ValueCodec) {
    this.#options = options
    this.#codec = codec
  }

  /** Starts with the next address for new sessions, because the server at this one drains. */
  preferNextTo(address: Address): void {
    this.#current = (this.#indexOf(address) + 1) % this.#options.addresses.length
  }

  /**
   * Tries the addresses until a server admits the client, then calls `onWelcome`. Resumes the session at its home if the server still
   * has it. If all addresses fail, rejects with the last error. `isFinal` tells whether further attempts are useless: a server
   * rejected this client, or no address can be used with these options.
   */
  async connect(
    home: SessionHome,
    signal: AbortSignal,
    onWelcome: OnWelcome,
    where: 'anywhere' | 'at home',
  ): Promise<void> {
    const { addresses } = this.#options
    let fault: unknown
    let wrongOption: ClientError | undefined
    const count = where === 'anywhere' ? addresses.length : 1
    const first = home.address === undefined ? this.#current : this.#indexOf(home.address)
    for (let i = 0; i < count; i++) {
      const index = (first + i) % addresses.length
      const address = addresses[index] as Address
      let refusal: Refusal | undefined
      try {
        refusal = await this.#connectTo(address, home, signal, onWelcome)
      } catch (error) {
        if (signal.aborted) throw error
        if (error instanceof ClientError) wrongOption ??= error
        else fault = error instanceof LinkError ? error : new LinkError(failed(address, error), { cause: error })
        continue
      }
      if (refusal === undefined) {
        this.#current = index
        return
      }
      fault = asIsockError(refusal.error)
      if (isFinal(fault)) throw fault
    }
    if (fault !== undefined) throw fault
    // No address can be used with these options; or this one cannot, and others have not been tried yet.
    throw count === addresses.length ? wrongOption : new LinkError(String(wrongOption?.message), { cause: wrongOption })
  }

  #indexOf(address: Address): number {
    return this.#options.addresses.findIndex((each) => isSameAddress(each, address))
  }

  async #connectTo(
    address: Address,
    home: SessionHome,
    signal: AbortSignal,
    onWelcome: OnWelcome,
  ): Promise<Refusal | undefined> {
    const { clock, limits, dial, credentialHint } = this.#options
    const timeoutMs = limits.handshakeTimeoutMs
    const abort = new LinkedAbort(signal)
    const late = new LinkError(`cannot connect to ${formatAddress(address)}: no connection within ${timeoutMs} ms`)
    const timer = abort.abortAfter(clock, timeoutMs, () => late)
    try {
      // In a clean async context, because the link outlives the call that it is opened for.
      const link = await runClean(() => dial(address, abort.signal), undefined)
      timer.cancel()
      // A custom `dial` may ignore its signal.
      if (abort.signal.aborted) {
        void link.close('abort')
        throw abort.signal.reason
      }
      const frameLink = new FrameLink(link, { clock, limits, slabs: this.#slabs, doubtsAfterSleep: true })
      let hello: HelloFrame
      try {
        hello = await this.#hello(link.peer, home.grantFor(address), abort.signal)
      } catch (error) {
        link.close('abort')
        throw error
      }
      const decodeError = (error: Parameters<typeof decodeThrown>[1]): unknown =>
        explained(decodeThrown(this.#codec, error), hello.credentials, credentialHint)
      const onNotResumed = (): void => home.onNotResumed(address)
      const options = { address, clock, timeoutMs, signal: abort.signal, decodeError, onWelcome, onNotResumed }
      return await shakeHands(frameLink, hello, options)
    } finally {
      abort.close()
    }
  }

  async #hello(peer: Peer, grant: Resumable | undefined, signal: AbortSignal): Promise<HelloFrame> {
    const { clock, limits, presented } = this.#options
    const bounds = { clock, timeoutMs: limits.handshakeTimeoutMs, signal }
    const hello = this.#describeSelf(await presentedTo(peer, presented, bounds), grant)
    const size = helloSize(hello)
    if (size <= maxHandshakeBytes) return hello
    const message = `option credentials: the first frame would have ${size} bytes, at most ${maxHandshakeBytes} are allowed`
    throw new ClientError(message, { code: 'INVALID_OPTION', notStarted: true })
  }

  #describeSelf(credentials: Record<string, unknown>, grant: Resumable | undefined): HelloFrame {
    const { limits, given } = this.#options
    return {
      kind: Kind.Hello,
      version: protocolVersion,
      features: (grant?.features ?? 0) | Feature.Keys,
      sessionId: grant?.id,
      resumeSecret: grant?.resumeSecret,
      name: given.name,
      limits: peerLimitsOf(limits),
      credentials,
    }
  }
}

/** True for errors that no further attempt can avoid: wrong credentials, another protocol version, invalid options. */
export function isFinal(error: unknown): boolean {
  if (error instanceof AuthError || error instanceof ProtocolError || error instanceof ClientError) return true
  return error instanceof IsockError && (error as ServerError).code === 'PROTOCOL'
}

function failed(address: Address, error: unknown): string {
  return `cannot connect to ${formatAddress(address)}: ${error instanceof Error ? error.message : String(error)}`
}

export function asIsockError(error: unknown): IsockError {
  if (error instanceof IsockError) return error
  return new LinkError(`cannot connect: ${error instanceof Error ? error.message : String(error)}`, { cause: error })
}
