// Exports that `isock serve` does not serve, beside one that it does.
import { Action, Channel, CronTask, Guard, Process, Service } from '../../../lib/index.ts'

export class Open extends Action {
  action() {
    return 'open'
  }
}
export class News extends Channel<string> {}
export class Door extends Guard<string> {
  check(): boolean {
    return false
  }
}
export const door = new Door()
export class Nightly extends CronTask {
  readonly pattern = '0 3 * * *'
  run(): void {}
}
export class Ticker extends Process {
  run(): void {}
}
export class Counter extends Service<number, number, number> {
  override init(): number {
    return 0
  }
  override exec(count: number): number {
    return count
  }
}
export { Channel }
