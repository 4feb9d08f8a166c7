// Turns a class and its data into a started call: reads the contract, encodes the data, resolves the options. Shared by
// clients and by servers that call their clients.
import { keepContext } from '../base/async-context.ts'
import type { Clock } from '../base/clock.ts'
import { CancelledError, ClientError, IsockError } from '../base/errors.ts'
import { followSignal } from '../base/followed-signals.ts'
import { KnownClasses } from '../base/known-classes.ts'
import { checkOptions } from '../base/option-table.ts'
import { unawaited } from '../base/unawaited.ts'
import { neverSent } from '../session/call-errors.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import type { Metadata } from '../wire/frames/metadata.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'
import { isStreamable } from '../wire/rich/unsendable-reason.ts'
import type { ValueCodec, ValueRules } from '../wire/value-codec.ts'
import type { ActionClass } from './action.ts'
import { addresseeOf } from './addressee.ts'
import { currentRun } from './ambient.ts'
import { Call } from './call.ts'
import { withKey } from './call-key.ts'
import { type CallSubject, subjectOf } from './call-subject.ts'
import { type Contract, contractHash, contractOf, declareClasses, requireName } from './contract.ts'
import { InputFeed } from './input-feed.ts'
import type { Interceptors } from './interceptors.ts'
import { metadataOf } from './metadata-option.ts'
import { type Around, type CallRouter, PendingCall } from './pending-call.ts'
import {
  type RunDefaults,
  type RunOptions,
  type RunParent,
  requireOnRetry,
  resolveBounds,
  runOptions,
} from './run-options.ts'
import { StreamsInData } from './streams-in-data.ts'

export interface CallStarterOptions {
  readonly codec: ValueCodec
  readonly classes: ClassRegistry
  readonly router: CallRouter
  readonly clock: Clock
  readonly defaults: RunDefaults
  readonly interceptors?: Interceptors<ClientCall>
}

/** A call that a client makes, as its interceptors see it. */
export interface ClientCall extends CallSubject {
  /** What it will send; an interceptor may add to it. */
  readonly metadata: Record<string, string>
}

/** The parts of a call that its interceptors may change. */
interface Intercepted {
  readonly request: { metadata: Metadata | undefined }
  /** Without what isock adds. */
  readonly metadata: Metadata | undefined
  readonly key: string | undefined
}

const noOptions: RunOptions = {}
const noRules: ValueRules = {}

export class CallStarter {
  readonly #options: CallStarterOptions
  readonly #contracts = new WeakMap<object, Contract>()
  #started = 0
  readonly #inData = new StreamsInData()
  readonly #known = new KnownClasses()

  constructor(options: CallStarterOptions) {
    this.#options = options
  }

  /** Returns the started call; or a failed call, when nothing was sent. Never throws. */
  start(
    action: unknown,
    data: unknown,
    options: RunOptions = noOptions,
    parent?: RunParent,
  ): Call<never, never, never> {
    const run = options?.parent ?? parent ?? currentRun()
    let call: Call<never, never, never>
    try {
      if (options !== noOptions) checkOptions('runAction', options, runOptions)
      call = this.#start(action, data, options, run)
    } catch (error) {
      call = Call.failed(error instanceof IsockError && !error.notStarted ? neverSent(error) : error)
    }
    // A call that a run makes without awaiting it must not end the process when the run's own caller has gone.
    return run === undefined ? call : (unawaited(call) as Call<never, never, never>)
  }

  #start(
    action: unknown,
    data: unknown,
    options: RunOptions,
    parent: RunParent | undefined,
  ): Call<never, never, never> {
    const { codec, router, clock, defaults } = this.#options
    const contract = typeof action === 'string' ? undefined : this.#contractOf(action)
    if (contract === undefined) requireName(action)
    const name = contract === undefined ? (action as string) : contract.name
    const rules = contract?.rules ?? noRules
    const bounds = resolveBounds(options, contract?.timeoutMs, defaults, parent, clock)
    const onRetry = requireOnRetry(options.onRetry) ?? defaults.onRetry
    refuseAborted(options.signal, name)
    refuseAborted(parent?.signal, name)
    const metadata = metadataOf(options.metadata, defaults.metadata)
    const isStream = isStreamable(data)
    const payload = isStream ? undefined : this.#encode(data, rules)
    const feeds = (isStream ? [data] : this.#inData.take())?.map((source) => new InputFeed(source))
    const request = {
      name,
      addressee: addresseeOf(name, data),
      order: ++this.#started,
      contract: contract?.hash,
      metadata: withKey(metadata, options.key),
      data: payload,
      isIdempotent: options.idempotent ?? (options.key !== undefined || (contract?.isIdempotent ?? false)),
      feeds: feeds?.map((feed) => feed.start),
    }
    // Only recorded actions take a key.
    if (contract?.isRecorded || options.key !== undefined) Object.assign(request, { isTransactional: true })
    const pending = new PendingCall({
      request,
      bounds,
      router,
      codec,
      rules,
      hasClass: contract !== undefined,
      onRetry: onRetry && keepContext(onRetry),
    })
    parent?.onCall?.(pending)
    const around = this.#around(action, name, data, { request, metadata, key: options.key })
    const call = Call.begin<never, never, never>(pending, around)
    if (feeds !== undefined) for (const feed of feeds) feed.belongsTo(pending)
    if (options.signal !== undefined) cancelWith(options.signal, pending)
    if (parent !== undefined && parent.signal !== options.signal) cancelWith(parent.signal, pending)
    return call
  }

  /** undefined: nothing is around it. */
  #around(action: unknown, name: string, data: unknown, { request, metadata, key }: Intercepted): Around | undefined {
    const { interceptors } = this.#options
    if (interceptors === undefined || interceptors.isEmpty) return undefined
    const subject = subjectOf(action, name, data)
    if (subject === undefined) return undefined
    return (send) => {
      const call: ClientCall = { ...subject, metadata: { ...metadata } }
      return interceptors.run(call, async () => {
        request.metadata = withKey(metadataOf(call.metadata), key)
        return send()
      })
    }
  }

  #encode(data: unknown, rules: ValueRules): Payload {
    try {
      return this.#options.codec.encode(data, 'data', rules, 'lent', this.#inData)
    } catch (error) {
      this.#inData.take()
      throw error
    }
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

/** Cancels the call when the signal aborts, until the call has ended. */
function cancelWith(signal: AbortSignal, call: PendingCall): void {
  if (call.isOpen) call.whenDone(followSignal(signal, () => call.cancel('its signal was aborted', signal.reason)))
}

function refuseAborted(signal: AbortSignal | undefined, name: string): void {
  if (!signal?.aborted) return
  throw new CancelledError(`action "${name}" was not sent: its signal is aborted`, {
    cause: signal.reason,
    notStarted: true,
  })
}
