// Waits until somebody has heard something.
import { setTimeout as sleep } from 'node:timers/promises'

const patienceMs = 10_000

export async function hearing(heard: readonly string[], part: string): Promise<void> {
  for (const deadline = Date.now() + patienceMs; !heard.some((text) => text.includes(part)); await sleep(10)) {
    if (Date.now() > deadline) throw new Error(`nobody said "${part}"; heard were: ${heard.join(', ')}`)
  }
}
