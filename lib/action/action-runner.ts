// Runs calls that the peer asked for. The only place that catches what user code throws: whatever happens, the
// call is answered, once.
//
//   IncomingCall -> find the action -> decode -> check input -> handler -> [items] -> check output -> encode -> answer
import { ServerError } from '../base/errors.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import type { ClassRegistry } from '../wire/class-registry.ts'
import { discreet } from '../wire/discreet-error.ts'
import { encodeThrown } from '../wire/error-record.ts'
import { Kind } from '../wire/frame.ts'
import { fitsFrame, tooLarge } from '../wire/frame-fit.ts'
import { detached, type Payload } from '../wire/payload.ts'
import type { ValueCodec } from '../wire/value-codec.ts'
import { runWithin } from './ambient.ts'
import type { SessionView } from './context.ts'
import { fitsContract } from './contract.ts'
import { InputItems } from './input-items.ts'
import { type ItemSource, isPromiseLike, itemSourceOf } from './item-source.ts'
import { Refused } from './refused.ts'
import type { ActionRegistry, RegisteredAction } from './registry.ts'
import { RunContext, type RunSurroundings } from './run-context.ts'
import { validate } from './schema.ts'

export interface ActionRunnerOptions {
  readonly registry: ActionRegistry
  readonly codec: ValueCodec
  /** The classes that actions declared. */
  readonly classes: ClassRegistry
  /** Errors travel with the stack that they have here. */
  readonly exposeStacks: boolean
  /** Errors travel with all that they have, declared or not. */
  readonly exposeErrors: boolean
  /** Calls that a handler makes take over its time and signal even where it does not pass them on. */
  readonly inheritContext: boolean
  /** Told of each error that a handler threw. Must not throw. */
  readonly onThrown: (error: unknown, call: IncomingCall, session: SessionView) => void
}

export class ActionRunner {
  readonly #options: ActionRunnerOptions

  constructor(options: ActionRunnerOptions) {
    this.#options = options
  }

  /** Never throws; the call is answered sooner or later, as the handler settles. */
  start(call: IncomingCall, surroundings: RunSurroundings, maxFrameBytes: number): void {
    const run = new Run(this.#options, call, surroundings, maxFrameBytes)
    run.begin()
  }
}

class Run {
  readonly #options: ActionRunnerOptions
  readonly #call: IncomingCall
  readonly #surroundings: RunSurroundings
  readonly #maxFrameBytes: number
  #action: RegisteredAction | undefined

  constructor(options: ActionRunnerOptions, call: IncomingCall, surroundings: RunSurroundings, maxFrameBytes: number) {
    this.#options = options
    this.#call = call
    this.#surroundings = surroundings
    this.#maxFrameBytes = maxFrameBytes
  }

  begin(): void {
    const call = this.#call
    const { registry } = this.#options
    const action = registry.find(call.name)
    if (action === undefined) return this.#fail(registry.unknownError(call.name), true)
    if (call.contract !== undefined && action.contract !== undefined && !fitsContract(call.contract, action.contract)) {
      return this.#fail(contractMismatch(action.name), true)
    }
    this.#action = action
    let data: unknown
    try {
      data = this.#readInput(action)
    } catch (error) {
      return this.#fail(error, true)
    }
    if (action.input === undefined || !(data instanceof Promise)) return this.#run(action, data)
    data.then(
      (checked) => this.#run(action, checked),
      (error) => this.#fail(error, true),
    )
  }

  #readInput(action: RegisteredAction): unknown {
    const { codec } = this.#options
    const { input } = this.#call
    const { rules, input: schema, name } = action
    if (input !== undefined) return new InputItems({ stream: input, codec, rules, schema, actionName: name })
    if (action.takesPayload) return detached(this.#call.takeData())
    const value = codec.decode(this.#call.takeData(), rules)
    return schema === undefined ? value : validate(schema, value, `input of action "${name}"`, 'INVALID_INPUT')
  }

  #run(action: RegisteredAction, data: unknown): void {
    const context = new RunContext(this.#call, this.#surroundings, this.#encodeItem)
    let returned: unknown
    try {
      returned = this.#options.inheritContext ? runWithin(context, action.run, data) : action.run(data, context)
      if (isPromiseLike(returned)) return void returned.then(this.#onReturned, this.#onThrown)
    } catch (error) {
      return this.#onThrown(error)
    }
    this.#onReturned(returned)
  }

  readonly #onReturned = (returned: unknown): void => {
    let source: ItemSource | undefined
    try {
      source = itemSourceOf(returned)
    } catch (error) {
      return this.#onThrown(error)
    }
    if (source === undefined) this.#finish(returned)
    else void this.#drain(source)
  }

  readonly #onThrown = (error: unknown): void => {
    if (error instanceof Refused) return this.#fail(error.error, true)
    this.#options.onThrown(error, this.#call, this.#surroundings.session)
    this.#fail(error, false)
  }

  /** Sends what a generator yields, as fast as the caller reads. */
  async #drain(source: ItemSource): Promise<void> {
    const call = this.#call
    try {
      while (call.abortReason === undefined) {
        const step = await source.next()
        if (step.done) return this.#finish(step.value)
        const isTaken = call.emit(this.#encodeItem(step.value))
        if (isTaken !== undefined) await isTaken
      }
      await source.return?.(undefined)
      this.#fail(call.abortReason, false)
    } catch (error) {
      await closeQuietly(source)
      this.#onThrown(error)
    }
  }

  readonly #encodeItem = (item: unknown): Payload => {
    const payload = this.#options.codec.encode(item, 'item', this.#action?.rules)
    if (!fitsFrame(payload, this.#maxFrameBytes)) throw tooLarge('item', payload, this.#maxFrameBytes)
    return payload
  }

  #finish(value: unknown): void {
    const schema = this.#action?.takesPayload ? undefined : this.#action?.output
    if (schema === undefined) return this.#answer(value)
    try {
      const checked = validate(schema, value, `output of action "${this.#call.name}"`, 'INVALID_OUTPUT')
      if (!(checked instanceof Promise)) return this.#answer(checked)
      checked.then((late) => this.#answer(late), this.#onThrown)
    } catch (error) {
      this.#onThrown(error)
    }
  }

  #answer(value: unknown): void {
    const call = this.#call
    let payload: Payload
    try {
      payload = this.#options.codec.encode(value, 'result', this.#action?.rules)
      if (!fitsFrame(payload, this.#maxFrameBytes)) throw tooLarge('result', payload, this.#maxFrameBytes)
    } catch (error) {
      return this.#onThrown(error)
    }
    call.answerWith({ kind: Kind.Result, seq: call.seq, items: call.items?.count ?? 0, value: payload })
  }

  #fail(thrown: unknown, notStarted: boolean): void {
    const { codec, classes, exposeStacks, exposeErrors } = this.#options
    const call = this.#call
    let error = encodeThrown(codec, exposeErrors ? thrown : discreet(thrown, classes), { exposeStacks })
    if (!fitsFrame(error, this.#maxFrameBytes))
      error = encodeThrown(codec, tooLarge(`the error of action "${call.name}"`, error, this.#maxFrameBytes))
    call.answerWith({ kind: Kind.Failure, seq: call.seq, items: call.items?.count ?? 0, notStarted, error })
  }
}

async function closeQuietly(source: ItemSource): Promise<void> {
  try {
    await source.return?.(undefined)
  } catch {
    // The first error is the one that is told.
  }
}

function contractMismatch(name: string): ServerError {
  const message = `action "${name}": client and server do not have the same contract (name, input and output schema, contractVersion); bring both to one version`
  return new ServerError(message, { code: 'CONTRACT_MISMATCH', notStarted: true })
}
