// An honest client that is away while others attack, and what it finds when it comes back: its session, the answer of a call that
// ended meanwhile, and its subscription.
import { setTimeout as sleep } from 'node:timers/promises'
import { Channel, Client } from '../../lib/index.ts'
import { Make } from '../actions.ts'
import { Relay } from './relay.ts'

export class Board extends Channel<string> {}

const answerBytes = 8_192
const answerAfterMs = 300
const patienceMs = 20_000

export interface Found {
  readonly hasSession: boolean
  readonly hasAnswer: boolean
  readonly hasMissed: boolean
  /** Why not, where something is missing. */
  readonly trouble: string
}

export class AwayClient {
  readonly #relay: Relay
  readonly #client: Client
  readonly #messages: string[] = []
  #sessionId: string | undefined
  #answer: Promise<string> | undefined
  #gaps = 0

  private constructor(relay: Relay) {
    this.#relay = relay
    this.#client = new Client(relay.address, {
      timeoutMs: 600_000,
      keepConnected: true,
      // It is refused again and again while it is away.
      retry: Number.POSITIVE_INFINITY,
      backoff: { maxMs: 500 },
    })
  }

  /** Connects, subscribes, calls, and is cut off before the answer. */
  static async leave(host: string, port: number, localAddress: string): Promise<AwayClient> {
    const relay = await Relay.open(host, port, localAddress)
    const away = new AwayClient(relay)
    await away.#leave()
    return away
  }

  async #leave(): Promise<void> {
    const client = this.#client
    await client.connect()
    const subscription = client.subscribe(Board, {
      key: 'away',
      onReconnect: (recovered) => {
        if (!recovered) this.#gaps++
      },
    })
    void this.#listen(subscription)
    await subscription.ready
    this.#sessionId = client.sessionId
    this.#answer = client.runAction(Make, { bytes: answerBytes, afterMs: answerAfterMs }).then(
      (bytes) => (bytes.length === answerBytes ? '' : 'the answer is not its own'),
      (error) => String(error),
    )
    await sleep(answerAfterMs / 3)
    this.#relay.cut()
    await sleep(answerAfterMs)
  }

  async #listen(messages: AsyncIterable<string>): Promise<void> {
    try {
      for await (const message of messages) this.#messages.push(message)
    } catch (error) {
      this.#messages.push(String(error))
    }
  }

  /** Comes back. `missed` was published while it was away. */
  async comeBack(missed: string): Promise<Found> {
    this.#relay.mend()
    const late = sleep(patienceMs, 'it did not come back in time')
    const trouble = (await Promise.race([this.#answer, late])) ?? ''
    for (let waited = 0; waited < patienceMs && !this.#messages.includes(missed); waited += 50) await sleep(50)
    return {
      hasSession: this.#client.sessionId === this.#sessionId,
      hasAnswer: trouble === '',
      hasMissed: this.#messages.includes(missed) && this.#gaps === 0,
      trouble,
    }
  }

  async close(): Promise<void> {
    await this.#client.close()
    this.#relay.close()
  }
}
