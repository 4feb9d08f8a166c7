// Runs the signals of one client's messages in order, and collects the answer: replies, then errors.
import type { Clock } from '../../core/base/clock.ts'
import { ServerError } from '../../core/base/errors.ts'
import type { ChannelClass } from '../../features/channels/channel.ts'
import { isBuiltInAction } from '../built-in-actions.ts'
import type { JsonLimits } from '../json-text.ts'
import { toJsonText } from '../json-values.ts'
import type { LocalClient } from '../local-client.ts'
import type { BatchEntry } from './entry-batch.ts'
import type { MembershipOptions } from './lexicons-client.ts'
import type { ResolvedLexiconsOptions } from './lexicons-options.ts'
import type { Memberships } from './memberships.ts'
import { type Publication, SignalList } from './signal-list.ts'
import { readSignals, type Signal } from './signals.ts'
import { withTimeLimit } from './with-time-limit.ts'

export interface SignalRunnerOptions {
  readonly client: Pick<LocalClient, 'runAction' | 'publicError'>
  readonly memberships: Memberships
  readonly clock: Clock
  readonly options: ResolvedLexiconsOptions
  /** What the client's channels deliver of the messages that this list publishes in this turn of the event loop. */
  readonly arriving: (list: SignalList) => Promise<readonly BatchEntry[]>
  /** The server's limits of values. */
  readonly limits: JsonLimits
  /** Called before each signal runs. */
  readonly onSignal: (signal: object) => void
  /** Called with each error. */
  readonly onFailed: (error: unknown) => void
}

export class SignalRunner {
  readonly #options: SignalRunnerOptions
  /** Calls of the running signal that reply. */
  #repliedCalls = new Set<number>()
  #call: { readonly id: number } | undefined
  /** The signals of a message that has several. */
  #list: SignalList | undefined
  #isStopped = false

  constructor(options: SignalRunnerOptions) {
    this.#options = options
  }

  markReply(callId: number): void {
    this.#repliedCalls.add(callId)
  }

  /** Returns false for a call that belongs to no running list. */
  publishLater(callId: number, makePublication: () => Publication): boolean {
    if (this.#list === undefined || this.#call?.id !== callId) return false
    return this.#list.add(makePublication())
  }

  /** Starts no more signals. */
  stop(): void {
    this.#isStopped = true
  }

  /** The entries of the answer; if empty, no answer is sent. Never rejects. */
  async run(text: string | undefined): Promise<readonly object[]> {
    const { maxSignals } = this.#options.options
    const { limits } = this.#options
    const message =
      text === undefined ? { fault: 'the message is not UTF-8 text' } : readSignals(text, maxSignals, limits)
    const errors: string[] = []
    const fail = (error: unknown): void => {
      this.#options.onFailed(error)
      errors.push(errorText(this.#options.client.publicError(error)))
    }
    let entries: readonly object[] = []
    if ('fault' in message) fail(new BadMessage(message.fault))
    else entries = await this.#runAll(message.signals, fail)
    return errors.length === 0 ? entries : [...entries, { Errors: errors }]
  }

  async #runAll(signals: readonly Signal[], fail: (error: unknown) => void): Promise<readonly object[]> {
    const { maxQueuedBytes } = this.#options.options
    const list = new SignalList(maxQueuedBytes)
    // A single signal is answered and published immediately.
    const isList = signals.length > 1
    if (isList) this.#list = list
    let replyBytes = 0
    for (const signal of signals) {
      if (this.#isStopped) break
      try {
        const reply = await this.#runOne(signal)
        list.settle()
        // A single reply may be as large as a result. The replies to a list are held until its last signal has run.
        const size = !isList || reply === undefined ? 0 : toJsonText(reply, 'payload').length
        if (reply === undefined) continue
        if (replyBytes > 0 && replyBytes + size > maxQueuedBytes) throw new LargeReply(reply, maxQueuedBytes)
        replyBytes += size
        list.reply(reply)
      } catch (error) {
        list.fail()
        fail(error)
      }
    }
    this.#list = undefined
    const arrived = list.publish() ? await this.#options.arriving(list) : []
    for (const error of await this.#faultsOf(list)) fail(error)
    return list.arrange(arrived, 'with replies').map((each) => ('reply' in each ? each.reply : each.entry))
  }

  /** The errors of its publications. A channel's schema may take long. */
  async #faultsOf(list: SignalList): Promise<readonly unknown[]> {
    if (!list.isPublishing) return []
    const { clock, options } = this.#options
    try {
      return await withTimeLimit(list.faults(), options.timeoutMs, clock, 'a channel did not accept a message')
    } catch (error) {
      return [error]
    }
  }

  /** The reply, if there is one. Rejects with the action's error. */
  async #runOne({ name, data }: Signal): Promise<object | undefined> {
    const { client, options, onSignal } = this.#options
    onSignal({ [name]: data })
    if (name === options.subscribeAction) return { [name]: await this.#subscribe(data) }
    if (name === options.unsubscribeAction) return { [name]: this.#unsubscribe(data) }
    if (isBuiltInAction(name)) throw new ServerError(`unknown action "${name}"`, { code: 'UNKNOWN_ACTION' })
    this.#repliedCalls = new Set()
    const input = options.input === undefined ? data : options.input(data, name)
    const call = client.runAction(name, input, { timeoutMs: options.timeoutMs })
    this.#call = call
    const value = await call
    const isReply = options.replies === 'all' || this.#repliedCalls.has(call.id)
    return isReply ? { [name]: value } : undefined
  }

  async #subscribe(data: object): Promise<object> {
    const { channel, key, since } = data as Readonly<Record<string, unknown>>
    const Class = this.#channelOf(channel)
    if (since !== undefined && since !== 'oldest') throw new BadMessage("since: expected 'oldest', or nothing")
    const room = roomOf(key)
    await this.#options.memberships.join(Class, { ...room, ...(since === undefined ? {} : { since }) })
    return { channel, ...room }
  }

  #unsubscribe(data: object): object {
    const { channel, key } = data as Readonly<Record<string, unknown>>
    const room = roomOf(key)
    this.#options.memberships.leave(this.#channelOf(channel), room)
    return { channel, ...room }
  }

  #channelOf(name: unknown): ChannelClass {
    const channel = typeof name === 'string' ? this.#options.options.channels.get(name) : undefined
    if (channel !== undefined) return channel
    if (typeof name !== 'string') throw new BadMessage('channel: expected the name of a channel')
    throw new ServerError(`unknown channel "${name.slice(0, longestName)}"`, { code: 'UNKNOWN_CHANNEL' })
  }
}

/** The most text of a client that an error repeats. */
const longestName = 100

class BadMessage extends ServerError {
  constructor(message: string) {
    super(message, { code: 'BAD_REQUEST', notStarted: true })
  }
}

class LargeReply extends ServerError {
  constructor(reply: object, maxBytes: number) {
    const [name] = Object.keys(reply)
    const message = `${name} has run, but the replies to one message may have at most ${maxBytes} bytes; send it in a message of its own`
    super(message, { code: 'TOO_LARGE' })
  }
}

function roomOf(key: unknown): Pick<MembershipOptions, 'key'> {
  if (key === undefined) return {}
  if (typeof key !== 'string' || key === '') throw new BadMessage('key: expected a non-empty string, or nothing')
  return { key }
}

/** The message of an error, as clients get it. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.message === '' ? error.name : error.message
}
