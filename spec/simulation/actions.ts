// What the servers of a simulation can do. Each handler tells the oracle that it runs before it does anything.
import { Action, ActionError, type Context } from '../../lib/index.ts'

/** What an operation asks for. */
export interface Request {
  readonly id: number
  readonly takesMs: number
  readonly itemCount: number
}

/** What a handler needs of the world. */
export interface Surroundings {
  /** Says that the handler of an operation starts; the name of the run. */
  run(id: number): string
  /** Never settles on a server that has crashed meanwhile: a dead process goes on with nothing. */
  sleep(delayMs: number): Promise<void>
}

export class Planned extends ActionError {
  readonly run: string

  constructor(run: string) {
    super(`planned in ${run}`, { code: 'PLANNED' })
    this.run = run
  }
}

export class Quick extends Action<Request, { run: string }> {}
export class Slow extends Action<Request, { run: string }> {}
export class Idempotent extends Action<Request, { run: string }> {
  static override idempotent = true
}
export class Throwing extends Action<Request, never> {
  static override errors = [Planned]
}
export class Stream extends Action<Request, { run: string }, number> {}
export class Upload extends Action<AsyncIterable<number>, { run: string; sum: number }> {}
export class Nested extends Action<Request, { run: string }> {}
/** Answers when so many of a name are there. */
export class Meet extends Action<{ name: number; count: number }, boolean> {}
/** Runs on the client. */
export class AskBack extends Action<number, number> {}

export function implementations({ run, sleep }: Surroundings) {
  const meetings = new Map<number, (() => void)[]>()
  return {
    meet: ({ name, count }: { name: number; count: number }) =>
      new Promise<boolean>((resolve) => {
        const present = meetings.get(name) ?? []
        present.push(() => resolve(true))
        meetings.set(name, present)
        if (present.length < count) return
        meetings.delete(name)
        for (const leave of present) leave()
      }),
    quick: ({ id }: Request) => ({ run: run(id) }),
    slow: async ({ id, takesMs }: Request) => {
      const name = run(id)
      await sleep(takesMs)
      return { run: name }
    },
    throwing: async ({ id, takesMs }: Request): Promise<never> => {
      const name = run(id)
      await sleep(takesMs)
      throw new Planned(name)
    },
    stream: async function* ({ id, takesMs, itemCount }: Request): AsyncGenerator<number, { run: string }, undefined> {
      const name = run(id)
      for (let i = 0; i < itemCount; i++) {
        if (i % 3 === 0) await sleep(takesMs / itemCount)
        yield i
      }
      return { run: name }
    },
    /** The first number is the operation, the others are to be summed up. */
    upload: async (numbers: AsyncIterable<number>) => {
      let name: string | undefined
      let sum = 0
      for await (const n of numbers) {
        if (name === undefined) name = run(n)
        else sum += n
      }
      return { run: name ?? 'none', sum }
    },
    nested: async ({ id, takesMs }: Request, context: Context) => {
      const name = run(id)
      await sleep(takesMs / 2)
      const answer = await context.client.runAction(AskBack, id)
      if (answer !== id + 1) throw new Error(`asked back ${id}, got ${answer}`)
      return { run: name }
    },
  }
}
