// From "run this class with this data" to a call on its way: reads the contract, encodes the data, works out the
// bounds. Shared by clients and by servers that call their clients.
import type { Clock } from '../base/clock.ts'
import { CancelledError, ClientError, IsockError } from '../base/errors.ts'
import { KnownClasses } from '../base/known-classes.ts'
import { unawaited } from '../base/unawaited.ts'
import { neverSent } from '../session/call-errors.ts'
import type { CallInput } from '../session/call-input.ts'
import type { OutboundStream } from '../session/outbound-stream.ts'
import type { ClassRegistry } from '../wire/class-registry.ts'
import type { ValueCodec, ValueRules } from '../wire/value-codec.ts'
import type { ActionClass } from './action.ts'
import { currentRun } from './ambient.ts'
import { Call } from './call.ts'
import { type Contract, contractHash, contractOf, declareClasses, requireName } from './contract.ts'
import { type CallRouter, PendingCall } from './pending-call.ts'
import { type RunDefaults, type RunOptions, type RunParent, resolveBounds } from './run-options.ts'

export interface CallStarterOptions {
  readonly codec: ValueCodec
  readonly classes: ClassRegistry
  readonly router: CallRouter
  readonly clock: Clock
  readonly defaults: RunDefaults
}

const noOptions: RunOptions = {}
const noRules: ValueRules = {}

export class CallStarter {
  readonly #options: CallStarterOptions
  readonly #contracts = new WeakMap<object, Contract>()
  #started = 0
  readonly #known = new KnownClasses()

  constructor(options: CallStarterOptions) {
    this.#options = options
  }

  /** The call, on its way; or one that has failed already, where nothing was sent. Never throws. */
  start(action: unknown, data: unknown, options: RunOptions = noOptions, parent?: RunParent): Call<never, never> {
    const run = options.parent ?? parent ?? currentRun()
    let call: Call<never, never>
    try {
      call = this.#start(action, data, options, run)
    } catch (error) {
      call = Call.failed(error instanceof IsockError && !error.notStarted ? neverSent(error) : error)
    }
    // What a run asks of others on the side must not end the process when its own caller has gone.
    return run === undefined ? call : (unawaited(call) as Call<never, never>)
  }

  #start(action: unknown, data: unknown, options: RunOptions, parent: RunParent | undefined): Call<never, never> {
    const { codec, router, clock, defaults } = this.#options
    const contract = typeof action === 'string' ? undefined : this.#contractOf(action)
    if (contract === undefined) requireName(action)
    const name = contract === undefined ? (action as string) : contract.name
    const rules = contract?.rules ?? noRules
    const bounds = resolveBounds(options, contract?.timeoutMs, defaults, parent, clock)
    refuseAborted(options.signal, name)
    refuseAborted(parent?.signal, name)
    const source = isAsyncIterable(data) ? data : undefined
    const pending: PendingCall = new PendingCall({
      request: {
        name,
        order: ++this.#started,
        contract: contract?.hash,
        data: source === undefined ? codec.encode(data, 'data', rules) : undefined,
        isIdempotent: options.idempotent ?? contract?.isIdempotent ?? false,
        feedInput: source === undefined ? undefined : (stream, input) => void feed(source, stream, input, pending),
      },
      bounds,
      router,
      codec,
      rules,
      hasClass: contract !== undefined,
    })
    const call = Call.begin<never, never>(pending)
    if (options.signal !== undefined) follow(options.signal, pending)
    if (parent !== undefined) follow(parent.signal, pending)
    return call
  }

  #contractOf(action: unknown): Contract {
    const known = typeof action === 'function' ? this.#contracts.get(action) : undefined
    if (known !== undefined) return known
    const contract = contractOf(action)
    const isDistinct = (other: unknown): boolean => contractHash(contract.name, other as ActionClass) !== contract.hash
    const conflict = this.#known.claim('action', contract.name, action as ActionClass, isDistinct)
    if (conflict !== undefined) throw new ClientError(conflict, { notStarted: true })
    declareClasses(action as ActionClass, this.#options.classes)
    this.#contracts.set(action as object, contract)
    return contract
  }
}

/** Cancels the call when the signal aborts, and stops listening when the call is over. */
function follow(signal: AbortSignal, pending: PendingCall): void {
  const onAbort = (): void => pending.cancel('its signal was aborted', signal.reason)
  signal.addEventListener('abort', onAbort, { once: true })
  pending.whenDone(() => signal.removeEventListener('abort', onAbort))
}

function refuseAborted(signal: AbortSignal | undefined, name: string): void {
  if (!signal?.aborted) return
  throw new CancelledError(`action "${name}" was not sent: its signal is aborted`, {
    cause: signal.reason,
    notStarted: true,
  })
}

/** Sends what the source gives, as fast as the action reads. A source that fails ends the call with its error. */
async function feed(
  source: AsyncIterable<unknown>,
  stream: OutboundStream,
  input: CallInput,
  pending: PendingCall,
): Promise<void> {
  try {
    for await (const item of source) {
      if (!pending.isOpen) return
      const payload = pending.codec.encode(item, 'input item', pending.rules)
      if (!input.fits(payload)) throw input.tooLarge(payload)
      if (!stream.push(payload)) await stream.writable()
      if (!pending.isOpen) return
    }
    input.end(stream.count)
  } catch (error) {
    pending.fail(error)
  }
}

function isAsyncIterable(data: unknown): data is AsyncIterable<unknown> {
  return (
    typeof data === 'object' &&
    data !== null &&
    typeof (data as Partial<AsyncIterable<unknown>>)[Symbol.asyncIterator] === 'function'
  )
}
