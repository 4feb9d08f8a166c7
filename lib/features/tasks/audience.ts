// The listeners of one process. Each event is encoded once and goes through a queue per listener. A listener that comes after
// the process has ended learns how it ended.
import { Held, placeBytes } from '../../core/accounting/held.ts'
import type { Meter } from '../../core/accounting/meter.ts'
import type { SessionView } from '../../core/action/context.ts'
import { Refused } from '../../core/action/refused.ts'
import type { RunContext } from '../../core/action/run-context.ts'
import { BusyError, ServerError } from '../../core/base/errors.ts'
import type { ServerKit } from '../../core/server/feature.ts'
import { SubscriberQueue, type SubscriberQueueOptions } from '../../core/server/subscriber-queue.ts'
import { whileHere } from '../../core/server/while-here.ts'
import { Encoded } from '../../core/wire/bytes/encoded.ts'
import { fitsFrame, tooLarge } from '../../core/wire/frames/frame-fit.ts'
import { isError } from '../../core/wire/rich/error-fields.ts'
import { sendableError } from '../../core/wire/rich/sendable-error.ts'
import type { ValueCodec } from '../../core/wire/value-codec.ts'
import type { ListenEnd, ListenItem } from './listen-action.ts'

export interface AudienceOptions extends Pick<SubscriberQueueOptions, 'label' | 'maxQueued' | 'maxQueuedBytes'> {
  readonly codec: ValueCodec
  /** Removes what may not be sent from an error. */
  readonly exposed: (error: unknown) => unknown
  readonly maxListenersPerSession: number
  readonly maxFrameBytes: number
  readonly findSession: ServerKit['findSession']
}

interface Listener {
  readonly session: SessionView
  /** Counts the fixed cost of the listener. */
  readonly places: Meter | undefined
  readonly queue: SubscriberQueue
}

export class Audience {
  readonly #options: AudienceOptions
  readonly #listeners = new Map<string, Set<Listener>>()
  #count = 0
  /** How the process ended. Undefined while listeners wait for its events. */
  #end: Encoded | undefined

  constructor(options: AudienceOptions) {
    this.#options = options
  }

  get count(): number {
    return this.#count
  }

  /** Encodes an event for `send`. Throws UnsendableError. */
  encode(item: ListenItem): Encoded {
    const { codec, label, maxFrameBytes } = this.#options
    const payload = codec.encode(item, 'event')
    if (fitsFrame(payload, maxFrameBytes)) return new Encoded(payload)
    throw tooLarge(`an event of ${label}`, payload, maxFrameBytes)
  }

  /** Sends to all listeners, or to those of one session. Returns their number. */
  send(message: Encoded, sessionId?: string): number {
    if (sessionId !== undefined) return pushToEach(this.#listeners.get(sessionId) ?? [], message)
    let count = 0
    for (const listeners of this.#listeners.values()) count += pushToEach(listeners, message)
    return count
  }

  /** Called when the process starts: new listeners wait for its events. */
  open(): void {
    this.#end = undefined
  }

  /** Sends the end to all listeners, after earlier events, and to every new listener from now on. */
  close(end: ListenEnd): void {
    this.#end = this.#encodeEnd(end)
    for (const listeners of this.#listeners.values()) for (const { queue } of listeners) queue.finish()
  }

  /** Serves one listener until it ends. Throws BusyError if it does not keep up or, as not started, if its session has too many. */
  async serve(context: RunContext): Promise<Encoded> {
    if (this.#end !== undefined) return this.#end
    const { signal, session } = context
    const listener = this.#add(context)
    const { queue } = listener
    context.waitForClient()
    const leave = (): void => {
      queue.end()
      this.#remove(listener)
    }
    return whileHere(signal, leave, async () => {
      queue.push(this.encode(true))
      try {
        await queue.done
      } catch (error) {
        // A disconnected client cannot keep up. It listens again when it is back.
        if (session.isConnected || !(error instanceof BusyError)) throw error
      }
      const reason: unknown = signal.reason
      if (reason instanceof ServerError && reason.code === 'SESSION_ENDED') throw reason
      return this.#end ?? this.#encodeEnd({ how: 'again' })
    })
  }

  #add(context: RunContext): Listener {
    const { label, maxQueued, maxQueuedBytes, maxListenersPerSession, findSession } = this.#options
    const { session } = context
    const listeners = this.#listeners.get(session.id) ?? new Set()
    if (listeners.size >= maxListenersPerSession) throw new Refused(tooMany(label, maxListenersPerSession))
    const send = (message: Encoded): Promise<void> | undefined => context.push(message)
    const owner = findSession(session.id)
    const held = owner?.held(Held.Queues)
    const queue = new SubscriberQueue({ send, maxQueued, maxQueuedBytes, overflow: 'drop-reader', label, held })
    const listener = { session, queue, places: owner?.held(Held.Places) }
    listener.places?.change(placeBytes.stream)
    listeners.add(listener)
    this.#listeners.set(session.id, listeners)
    this.#count++
    return listener
  }

  #remove(listener: Listener): void {
    const { id } = listener.session
    const listeners = this.#listeners.get(id)
    if (!listeners?.delete(listener)) return
    listener.places?.change(-placeBytes.stream)
    this.#count--
    if (listeners.size === 0) this.#listeners.delete(id)
  }

  #encodeEnd(end: ListenEnd): Encoded {
    const { codec, exposed } = this.#options
    const encode = (value: unknown) => codec.encode(value, 'error')
    try {
      return new Encoded(encode(end.how === 'failed' ? { ...end, error: exposed(end.error) } : end))
    } catch (refusal) {
      const thrown = end.how === 'failed' && isError(end.error) ? (exposed(end.error) as Error) : (refusal as Error)
      return new Encoded(encode({ how: 'failed', error: sendableError(thrown, encode) }))
    }
  }
}

function tooMany(label: string, max: number): BusyError {
  return new BusyError(`${label} has ${max} listeners of this client already; stop one of them`)
}

function pushToEach(listeners: Iterable<Listener>, message: Encoded): number {
  let count = 0
  for (const { queue } of listeners) {
    queue.push(message)
    count++
  }
  return count
}
