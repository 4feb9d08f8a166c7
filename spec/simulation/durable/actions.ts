// What the servers over the fake store can do: transactional actions that write, throw or only read, with items and input streams, and
// plain ones beside them. Each run has a name, which is its effect.
import { Action, ActionError, type Context } from '../../../lib/index.ts'
import type { EffectDb } from './sim-data.ts'

/** What an operation asks for. */
export interface Request {
  readonly id: number
  readonly takesMs: number
  readonly itemCount: number
  /** Rows that others lock too, in this order. */
  readonly accounts: readonly number[]
  /** How likely a run throws. */
  readonly fails: number
  /** How likely a run finds nothing to do: what is there has changed since another run looked. */
  readonly skips: number
}

/** What a handler needs of the world. */
export interface Surroundings {
  /** A handler of an operation starts; the name of the run. */
  run(id: number): string
  request(id: number): Request
  sleep(ms: number): Promise<void>
  chance(probability: number): boolean
  /** Something that must not be. */
  complain(what: string): void
}

export interface Done {
  readonly run: string
  /** It found nothing to do. */
  readonly isIdle?: boolean
}

export class Planned extends ActionError {
  constructor(run: string) {
    super(`planned in ${run}`, { code: 'PLANNED' })
  }
}

export class Pay extends Action<Request, Done> {
  static override transactional = true
  static override errors = [Planned]
}
export class Look extends Action<Request, Done> {
  static override transactional = true
}
export class Feed extends Action<Request, Done, number> {
  static override transactional = true
  static override errors = [Planned]
}
export class Collect extends Action<AsyncIterable<number>, Done & { sum: number }> {
  static override transactional = true
}
/** Asks its client before it writes. */
export class Confirm extends Action<Request, Done> {
  static override transactional = true
}
export class Plain extends Action<Request, Done> {}
export class Ask extends Action<Request, Done> {}
export class Again extends Action<Request, Done> {
  static override idempotent = true
}
/** Runs on the client. */
export class AskBack extends Action<number, number> {}

const dbOf = (context: Context): EffectDb => context.db as unknown as EffectDb

export function implementations({ run, request, sleep, chance, complain }: Surroundings) {
  const write = async ({ id, takesMs, accounts, fails }: Request, name: string, context: Context): Promise<void> => {
    const db = dbOf(context)
    const willThrow = chance(fails)
    if (!willThrow || chance(0.5)) {
      for (const account of accounts) await db.count(account)
      await db.add(id, name)
    }
    if (chance(0.3)) await sleep(takesMs / 2)
    if (willThrow) throw new Planned(name)
  }
  const writeIfAny = async (asked: Request, name: string, context: Context): Promise<Done> => {
    const isIdle = asked.skips > 0 && chance(asked.skips)
    if (isIdle) await dbOf(context).effects()
    else await write(asked, name, context)
    return { run: name, isIdle }
  }
  const askBack = async (id: number, context: Context): Promise<void> => {
    const answer = await context.client.runAction(AskBack, id)
    if (answer !== id + 1) complain(`asked its client back for ${id}, and got ${answer}`)
  }
  return {
    pay: async (asked: Request, context: Context): Promise<Done> => {
      const name = run(asked.id)
      if (chance(0.5)) await sleep(asked.takesMs / 2)
      return writeIfAny(asked, name, context)
    },
    look: async ({ id, takesMs }: Request, context: Context): Promise<Done> => {
      const name = run(id)
      await dbOf(context).effects()
      await sleep(takesMs)
      return { run: name }
    },
    feed: async function* (asked: Request, context: Context): AsyncGenerator<number, Done, undefined> {
      const name = run(asked.id)
      let done: Done | undefined
      for (let i = 0; i < asked.itemCount; i++) {
        if (i === 1) done = await writeIfAny(asked, name, context)
        yield i
      }
      return done ?? writeIfAny(asked, name, context)
    },
    /** The first number is the operation, the others are to be summed up. */
    collect: async (numbers: AsyncIterable<number>, context: Context): Promise<Done & { sum: number }> => {
      let asked: Request | undefined
      let name = ''
      let sum = 0
      for await (const number of numbers) {
        if (asked === undefined) {
          asked = request(number)
          name = run(number)
        } else sum += number
      }
      if (asked === undefined) throw new Error('an operation without its number')
      await write({ ...asked, fails: 0 }, name, context)
      return { run: name, sum }
    },
    confirm: async (asked: Request, context: Context): Promise<Done> => {
      const name = run(asked.id)
      await askBack(asked.id, context)
      await write({ ...asked, fails: 0 }, name, context)
      return { run: name }
    },
    plain: async ({ id, takesMs }: Request): Promise<Done> => {
      const name = run(id)
      await sleep(takesMs)
      return { run: name }
    },
    ask: async ({ id, takesMs }: Request, context: Context): Promise<Done> => {
      const name = run(id)
      await sleep(takesMs)
      await askBack(id, context)
      return { run: name }
    },
  }
}
