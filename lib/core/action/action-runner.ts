// Runs the peer's calls. The only place that catches what user code throws: every call is answered exactly once.
//
//   IncomingCall -> find the action -> decode -> check input -> handler -> [items] -> check output -> encode -> keep -> answer
//                                                                  ╰── throws ────────┴── fails ────┴──> undo -> failure
//
// What the handler did is committed last: an effect whose answer cannot be sent is undone (see RunFeature).
import { keepContext, runClean } from '../base/async-context.ts'
import type { IsockError } from '../base/errors.ts'
import type { RecordedAnswer } from '../session/call-records.ts'
import type { IncomingCall } from '../session/incoming-call.ts'
import type { Payload } from '../wire/bytes/payload.ts'
import { Kind } from '../wire/frames/frame.ts'
import { fitsFrame, tooLarge } from '../wire/frames/frame-fit.ts'
import { bytesAsGiven } from '../wire/values/bytes-as-given.ts'
import { runWithin } from './ambient.ts'
import { keyRefusal } from './call-key.ts'
import type { SessionView } from './context.ts'
import { contractMismatch, fitsContract } from './contract-fit.ts'
import { encodeFailure, type FailureOptions } from './encode-failure.ts'
import { runIntercepted, type ServerCall } from './intercepted-run.ts'
import type { Interceptors } from './interceptors.ts'
import { endsByItself, type ItemSource, isPromiseLike, itemSourceOf, leaveQuietly } from './item-source.ts'
import { readInput } from './read-input.ts'
import { Refused } from './refused.ts'
import type { ActionRegistry, RegisteredAction } from './registry.ts'
import { RunContext, type RunSurroundings } from './run-context.ts'
import { validate } from './schema.ts'

/** How often a run begins again, see RunFeature. */
const mostReruns = 5

export interface ActionRunnerOptions extends FailureOptions {
  readonly registry: ActionRegistry
  /** Calls that a handler makes inherit its time and signal even when it does not pass its context. */
  readonly inheritContext: boolean
  readonly interceptors?: Interceptors<ServerCall>
  /** Gets each error that a handler threw; may return another one, which is sent instead. Must not throw. */
  readonly onThrown: (error: unknown, call: IncomingCall, session: SessionView) => Error | undefined
}

export class ActionRunner {
  readonly #options: ActionRunnerOptions

  constructor(options: ActionRunnerOptions) {
    this.#options = options
  }

  /** Never throws; the call is answered when the handler settles. */
  start(call: IncomingCall, surroundings: RunSurroundings, maxFrameBytes: number): void {
    // In a clean async context: several calls may have arrived in one chunk, or waited for one turn.
    runClean(begin, new Run(this.#options, call, surroundings, maxFrameBytes))
  }
}

function begin(run: Run): void {
  run.begin()
}

class Run {
  readonly #options: ActionRunnerOptions
  readonly #call: IncomingCall
  readonly #surroundings: RunSurroundings
  readonly #maxFrameBytes: number
  #action: RegisteredAction | undefined
  #context: RunContext | undefined
  /** The handler has returned, and its result is being checked or sent. */
  #isFinishing = false
  /** The reader of its stream has left. */
  #isLeft = false
  #reruns = 0

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
    if (call.metadata !== undefined) {
      const refusal = keyRefusal(call, action.takesKeys)
      if (refusal !== undefined) return this.#fail(refusal, true)
    }
    this.#action = action
    if (action.requirement === undefined) return this.#read(action)
    try {
      const judged = action.requirement(this.#surroundings.session)
      if (judged === undefined) return this.#read(action)
      judged.then(
        () => this.#read(action),
        (error) => this.#fail(error, true),
      )
    } catch (error) {
      this.#fail(error, true)
    }
  }

  #read(action: RegisteredAction): void {
    let data: unknown
    try {
      data = readInput(this.#call, action, this.#options.codec)
    } catch (error) {
      return this.#fail(error, true)
    }
    if (action.input === undefined || !(data instanceof Promise)) return this.#run(action, data)
    data.then(
      (checked) => this.#run(action, checked),
      (error) => this.#fail(error, true),
    )
  }

  #run(action: RegisteredAction, data: unknown): void {
    const context = new RunContext(this.#call, this.#surroundings, this.#encodeItem)
    this.#context = context
    // Wraps everything: each step of a generator that it returns belongs to the run too.
    if (this.#options.inheritContext) runWithin(context, () => this.#perform(action, data, context))
    else this.#perform(action, data, context)
  }

  #perform(action: RegisteredAction, data: unknown, context: RunContext): void {
    let returned: unknown
    try {
      const { interceptors } = this.#options
      const isPlain = interceptors === undefined || interceptors.isEmpty
      returned = isPlain ? action.run(data, context) : runIntercepted(interceptors, action, data, context)
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
    if (error instanceof Refused) return this.#undoAndFail(error.error, true)
    const again = this.#mayRunAgain ? this.#context?.again(error, this.#reruns) : undefined
    if (again !== undefined) return void again.then(() => this.#runAgain())
    const instead = this.#options.onThrown(error, this.#call, this.#surroundings.session)
    this.#undoAndFail(instead ?? error, false)
  }

  /** A reader of input, and one of items, cannot begin again. */
  get #mayRunAgain(): boolean {
    return this.#reruns < mostReruns && !this.#isLeft && this.#call.input === undefined
  }

  #runAgain(): void {
    this.#reruns++
    this.#isFinishing = false
    this.#read(this.#action as RegisteredAction)
  }

  /** Sends the items of the source, as fast as the caller reads. */
  async #drain(source: ItemSource): Promise<void> {
    const call = this.#call
    const context = this.#context as RunContext // it has run
    if (call.abortReason !== undefined) return this.#leave(source, call.abortReason)
    // Left immediately, even while the source waits for its next item, which may never come.
    call.whenAborted = keepContext((reason) => void this.#leave(source, reason))
    try {
      for (;;) {
        const step = await source.next()
        if (this.#isLeft && !endsByItself(source)) return
        if (step.done) return this.#finish(step.value)
        if (this.#isLeft) return
        const isTaken = context.push(step.value)
        if (isTaken !== undefined) await context.untilTaken(isTaken)
        if (this.#isLeft) return
      }
    } catch (error) {
      if (this.#isLeft && !endsByItself(source)) return
      call.whenAborted = undefined
      if (!this.#isLeft) await leaveQuietly(source)
      this.#onThrown(error)
    }
  }

  /** The reader has left. Answered when the source has ended. */
  async #leave(source: ItemSource, reason: IsockError): Promise<void> {
    this.#isLeft = true
    // A generator that is in the middle of a synchronous step cannot be left within it.
    await null
    try {
      await source.return?.(undefined)
      if (!this.#isFinishing) this.#undoAndFail(reason, false)
    } catch (error) {
      this.#onThrown(error)
    }
  }

  /** A promise when the schema of items checks asynchronously. */
  readonly #encodeItem = (item: unknown): Payload | Promise<Payload> => {
    const schema = this.#action?.takesPayload ? undefined : this.#action?.items
    if (schema === undefined) return this.#itemPayload(item)
    const checked = validate(schema, item, `item of action "${this.#call.name}"`, 'INVALID_OUTPUT')
    if (!(checked instanceof Promise)) return this.#itemPayload(checked)
    const asGiven = bytesAsGiven(item)
    return checked.then((late) => this.#itemPayload(asGiven(late)))
  }

  #itemPayload(item: unknown): Payload {
    const payload = this.#options.codec.encode(item, 'item', this.#action?.rules)
    if (!fitsFrame(payload, this.#maxFrameBytes)) throw tooLarge('item', payload, this.#maxFrameBytes)
    return payload
  }

  #finish(value: unknown): void {
    this.#isFinishing = true
    const pushed = this.#context?.pushed
    if (pushed === undefined) this.#check(value)
    else void pushed.then(() => this.#check(value))
  }

  #check(value: unknown): void {
    const schema = this.#action?.takesPayload ? undefined : this.#action?.output
    if (schema === undefined) return this.#answer(value)
    try {
      const checked = validate(schema, value, `output of action "${this.#call.name}"`, 'INVALID_OUTPUT')
      if (!(checked instanceof Promise)) return this.#answer(checked)
      const asGiven = bytesAsGiven(value)
      checked.then((late) => this.#answer(asGiven(late)), this.#onThrown)
    } catch (error) {
      this.#onThrown(error)
    }
  }

  #answer(value: unknown): void {
    let payload: Payload
    try {
      payload = this.#options.codec.encode(value, 'result', this.#action?.rules, 'lent')
      if (!fitsFrame(payload, this.#maxFrameBytes)) throw tooLarge('result', payload, this.#maxFrameBytes)
    } catch (error) {
      return this.#onThrown(error)
    }
    const kept = this.#context?.keep(payload)
    if (kept === undefined) this.#succeed(payload)
    else kept.then((recorded) => this.#succeed(payload, recorded), this.#onThrown)
  }

  #succeed(value: Payload, recorded?: RecordedAnswer): void {
    const call = this.#call
    if (recorded !== undefined) return call.answerRecorded(recorded)
    call.answerWith({ kind: Kind.Result, seq: call.seq, items: call.items?.count ?? 0, value })
  }

  /** The failure is sent when the handler's effects have been undone. */
  #undoAndFail(thrown: unknown, notStarted: boolean): void {
    const undone = this.#context?.undo(() => this.#encodeThrown(thrown), notStarted, thrown)
    if (undone === undefined) this.#fail(thrown, notStarted)
    else
      void undone.then((recorded) => {
        if (recorded === undefined) this.#fail(thrown, notStarted)
        else this.#call.answerRecorded(recorded)
      })
  }

  #fail(thrown: unknown, notStarted: boolean): void {
    const call = this.#call
    const error = this.#encodeThrown(thrown)
    call.answerWith({ kind: Kind.Failure, seq: call.seq, items: call.items?.count ?? 0, notStarted, error })
  }

  #encodeThrown(thrown: unknown): Payload {
    return encodeFailure(thrown, this.#call.name, this.#options, this.#maxFrameBytes)
  }
}
