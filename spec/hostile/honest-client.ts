// The client that keeps to the rules: whatever others do to its server, its calls are answered, and answered right.
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { Client } from '../../lib/index.ts'
import { Echo } from './arena-actions.ts'

/** Between its calls, so that the processor is left to those who are watched. */
const pauseMs = 1

/** What an attack gave, and how the calls went that were made in the meantime. */
export interface Served<T> {
  readonly value: T
  readonly calls: number
  readonly slowestMs: number
}

export class HonestClient {
  readonly #client: Client

  private constructor(client: Client) {
    this.#client = client
  }

  static async connect(address: string): Promise<HonestClient> {
    const client = new Client(address, { timeoutMs: 5_000, keepConnected: true })
    await client.connect()
    return new HonestClient(client)
  }

  /** Makes one call; gives its time. */
  async call(value: unknown): Promise<number> {
    const startedAt = performance.now()
    expect(await this.#client.runAction(Echo, value)).to.equal(value)
    return performance.now() - startedAt
  }

  /** Makes calls, one after the other, until the attack is over, and one more. */
  async isServedDuring<T>(attack: () => Promise<T>): Promise<Served<T>> {
    let isOver = false
    let calls = 0
    let slowestMs = 0
    const serve = async (): Promise<void> => {
      while (!isOver) {
        slowestMs = Math.max(slowestMs, await this.call(calls))
        calls++
        await sleep(pauseMs)
      }
    }
    const serving = serve()
    // Whoever awaits it does so when the attack is over.
    serving.catch(() => undefined)
    let value: T
    try {
      value = await attack()
    } finally {
      isOver = true
      await serving
      expect(calls).to.be.greaterThan(0)
      await this.call('still here')
    }
    return { value, calls, slowestMs }
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}
