// A stream that stays open until a spec opens it, and counts how it fared.
import { Action, type Context } from 'isock'

export class Gate extends Action {
  static open: () => void = () => undefined
  static begun = 0
  static aborted = 0
  static running = 0

  static reset(): void {
    Object.assign(Gate, { begun: 0, aborted: 0, running: 0 })
  }

  async *action(_data: unknown, { signal }: Context) {
    Gate.begun++
    Gate.running++
    yield 'begun'
    try {
      await new Promise<void>((resolve, reject) => {
        Gate.open = resolve
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      })
    } catch (error) {
      Gate.aborted++
      throw error
    } finally {
      Gate.running--
    }
    yield 'ended'
  }
}
