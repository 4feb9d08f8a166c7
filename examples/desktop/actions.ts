// What the page can ask for.
import { setTimeout as sleep } from 'node:timers/promises'
import { Action, type Context } from 'isock'

/** Remembers in the session how often it was asked: that outlives a reload of the page. */
export class Greet extends Action {
  static override actionName = 'greet'

  override action({ name }: { name: string }, { session }: Context): string {
    const times = Number(session.state.get('greetings') ?? 0) + 1
    session.state.set('greetings', times)
    return `Hello ${name || 'you'}! (${times} in this session)`
  }
}

/** A stream: tells how far it is, until it is done or its stream is closed. */
export class Job extends Action {
  static override actionName = 'job.run'

  override async *action({ steps }: { steps: number }, { signal }: Context) {
    for (let done = 1; done <= steps; done++) {
      await sleep(40, undefined, { signal })
      yield { done, steps }
    }
    return { result: `${steps} steps done` }
  }
}
