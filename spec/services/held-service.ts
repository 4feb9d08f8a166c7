// A service whose runs a spec holds in its hands, as Work of setup/world.ts is an action.
import { expect } from 'chai'
import { Service, type ServiceContext } from '../../lib/index.ts'

export interface HeldRun {
  readonly state: string
  readonly args: string
  readonly context: ServiceContext
  finish(state?: string): void
  fail(error: unknown): void
}

export class Held extends Service<string, string> {
  readonly runs: HeldRun[] = []
  exits = 0

  override init(first: string): string {
    return first
  }

  override exec(state: string, args: string, context: ServiceContext): Promise<string> {
    return new Promise((resolve, fail) => {
      const finish = (next = state): void => resolve(next)
      this.runs.push({ state, args, context, finish, fail })
    })
  }

  override exit(): void {
    this.exits++
  }

  /** What was run, in order. */
  get started(): string[] {
    return this.runs.map((run) => run.args)
  }

  run(index: number): HeldRun {
    expect(this.runs, 'runs').to.have.length.above(index)
    return this.runs[index] as HeldRun
  }
}
