// The actions that the specs run in threads: a module of its own, as threads import it.
import { threadId } from 'node:worker_threads'
import { z } from 'zod'
import { Action, ActionError, type Context } from '../../lib/index.ts'

export class Depleted extends ActionError {
  readonly left: number

  constructor(left: number) {
    super(`only ${left} left`)
    this.left = left
  }
}

export class Point {
  readonly x: number
  constructor(x: number) {
    this.x = x
  }
}

export class EchoThere extends Action {
  static override threaded = import.meta.url
  static override classes = [Point]

  override action(value: unknown): unknown {
    return value
  }
}

export class WhichThread extends Action {
  static override threaded = import.meta.url

  override action(): number {
    return threadId
  }
}

export class Deplete extends Action {
  static override threaded = import.meta.url
  static override errors = [Depleted]

  override async action(left: number): Promise<never> {
    throw new Depleted(left)
  }
}

export class Half extends Action {
  static override threaded = import.meta.url
  static override input = z.number()
  static override output = z.number().int()

  override action(value: number): number {
    return value / 2
  }
}

/** Keeps its processor for so many milliseconds. */
export class Burn extends Action {
  static override threaded = import.meta.url

  override action(ms: number, { log }: Context): string {
    log.warn({ ms }, 'begun')
    const endAt = performance.now() + ms
    while (performance.now() < endAt) Math.sqrt(endAt)
    return 'burnt'
  }
}

/** Takes half a second to check its input: without letting go of its thread, or waiting. */
export class SlowToBegin extends Action {
  static override threaded = import.meta.url
  static override input = z.enum(['busy', 'waiting']).refine(async (how) => {
    if (how === 'waiting') await new Promise((resolve) => setTimeout(resolve, 500))
    else for (const endAt = performance.now() + 500; performance.now() < endAt; ) Math.sqrt(endAt)
    return true
  })

  override action(_how: 'busy' | 'waiting', { log }: Context): void {
    log.warn({}, 'begun')
  }
}

/** Logs at each level, and a field that cannot be sent. */
export class LogThere extends Action {
  static override threaded = import.meta.url

  override action(_data: undefined, { log }: Context): void {
    for (const level of ['debug', 'info', 'warn', 'error'] as const) log[level]({ of: level }, `a line of ${level}`)
    log.info({ callback: () => 1 }, 'a line with a function')
  }
}

/** Waits until it is told to end; tells why. */
export class Patient extends Action {
  static override threaded = import.meta.url

  override async action(_data: undefined, { signal, log }: Context): Promise<string> {
    log.warn({}, 'begun')
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    log.warn({ reason: signal.reason.name }, 'told to end')
    return 'ended'
  }
}

export class CountThere extends Action {
  static override threaded = import.meta.url

  override async *action(upTo: number) {
    for (let i = 1; i <= upTo; i++) yield { i, at: new Date(i) }
    return 'counted'
  }
}

export class EmitThere extends Action {
  static override threaded = import.meta.url

  override async action(items: unknown[], { emit }: Context<unknown>): Promise<string> {
    await Promise.all(items.map((item) => emit(item)))
    return 'emitted'
  }
}

export class WordsThere extends Action {
  static override threaded = import.meta.url
  static override items = z
    .string()
    .trim()
    .refine(async (word) => {
      for (let turn = word.length; turn < 20; turn++) await null
      return word !== 'bad'
    }, 'is bad')

  override async *action(words: string[], { emit }: Context<string>) {
    for (const word of words) emit(word).catch(() => undefined)
    yield ' last '
    return words.length
  }
}

export class WrongWord extends Action {
  static override threaded = import.meta.url
  static override items = z.string()

  override async *action() {
    yield 5 as never
  }
}

export class LookAround extends Action {
  static override threaded = import.meta.url

  override action(_data: undefined, context: Context): Record<string, unknown> {
    const seen: Record<string, unknown> = {
      callId: context.callId,
      attempt: context.attempt,
      session: context.session.id,
      name: context.session.name,
      identity: context.session.identity,
      deadline: context.deadline,
      remainingMs: context.remainingMs,
    }
    const { session } = context
    const reaches = {
      server: () => context.server,
      publish: () => context.publish,
      client: () => context.client,
      state: () => session.state,
      peer: () => session.peer,
      isConnected: () => session.isConnected,
    }
    for (const [name, reach] of Object.entries(reaches)) {
      try {
        reach()
      } catch (error) {
        seen[name] = (error as Error).message
      }
    }
    return seen
  }
}

/** Ends its thread as it is told to. */
export class Die extends Action {
  static override threaded = import.meta.url

  override action(how: 'exit' | 'uncaught'): Promise<void> {
    if (how === 'exit') process.exit(3)
    if (how === 'uncaught')
      setImmediate(() => {
        throw new RangeError('nobody catches this')
      })
    return new Promise(() => undefined)
  }
}

export class Unsendable extends Action {
  static override threaded = import.meta.url

  override action(): unknown {
    return { callback: () => 1 }
  }
}

export class WithArguments extends Action {
  static override threaded = import.meta.url
  readonly table: string

  constructor(table: string) {
    super()
    this.table = table
  }

  override action(): string {
    return this.table
  }
}

/** A contract, implemented here and elsewhere. */
export class Contract extends Action<number, number> {
  static override threaded = import.meta.url
  static override input = z.number()
}

export class Implementation extends Contract {
  static override actionName = 'Contract.there'

  override action(value: number): number {
    return value + 1
  }
}

class Hidden extends Action {
  static override threaded = import.meta.url

  override action(): void {}
}

/** Not exported as a class, so that no thread finds it. */
export const hidden = (): Action => new Hidden()

/** Fills one buffer for all its items. */
export class RefillThere extends Action {
  static override threaded = import.meta.url

  override async action(
    { size, count, isAlone }: { size: number; count: number; isAlone: boolean },
    { emit }: Context,
  ) {
    const bytes = new Uint8Array(size)
    const taken: Promise<void>[] = []
    for (let n = 0; n < count; n++) {
      bytes.fill(n)
      taken.push(emit((isAlone ? bytes : { bytes }) as never))
    }
    bytes.fill(99)
    await Promise.all(taken)
  }
}
