// What server and page share in the browser's specs: plain modules, as users write them.
import { Action, ActionError, Channel, type Context, Guard } from 'isock'

export class Refused extends ActionError {
  readonly left: number

  constructor(left: number) {
    super(`only ${left} left`)
    this.left = left
  }
}

export class Echo extends Action {
  static override actionName = 'Echo'

  action(value: unknown) {
    return value
  }
}

export class Refuse extends Action {
  static override actionName = 'Refuse'
  static override errors = [Refused]

  action(left: number): never {
    throw new Refused(left)
  }
}

export class Count extends Action {
  static override actionName = 'Count'

  async *action(upTo: number, { signal }: Context) {
    for (let i = 1; i <= upTo; i++) {
      signal.throwIfAborted()
      yield i
    }
    return 'done'
  }
}

/** Takes bytes in pieces; answers how many, and their sum. */
export class Upload extends Action {
  static override actionName = 'Upload'

  async action(pieces: AsyncIterable<Uint8Array>) {
    let length = 0
    let sum = 0
    for await (const piece of pieces) {
      length += piece.length
      for (const byte of piece) sum = (sum + byte) % 65_521
    }
    return { length, sum }
  }
}

/** Takes bytes beside a name. */
export class UploadNamed extends Action {
  static override actionName = 'UploadNamed'

  async action({ name, pieces }: { name: string; pieces: AsyncIterable<Uint8Array> }) {
    let length = 0
    for await (const piece of pieces) length += piece.length
    return { name, length }
  }
}

/** Gives bytes in pieces of 64 KiB. */
export class Download extends Action {
  static override actionName = 'Download'

  async *action(length: number) {
    for (let at = 0; at < length; at += 65_536) yield new Uint8Array(Math.min(65_536, length - at)).fill(7)
  }
}

/** Stays until its caller is gone. */
export class Stay extends Action {
  static override actionName = 'Stay'
  readonly signals: AbortSignal[] = []

  async action(_: undefined, { signal }: Context) {
    this.signals.push(signal)
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  }
}

/** Asks the page itself. */
export class AskPage extends Action {
  static override actionName = 'AskPage'

  async action(question: string, context: Context) {
    return `the page says ${await context.client.runAction<string>('answer', question)}`
  }
}

/** Tells how often it ran, so that a second run is seen. */
export class Tick extends Action {
  static override actionName = 'Tick'
  readonly runs = new Map<string, number>()

  async action(key: string) {
    this.runs.set(key, (this.runs.get(key) ?? 0) + 1)
    await new Promise((resolve) => setTimeout(resolve, 300))
    return this.runs.get(key)
  }
}

export class News extends Channel<string> {
  static override channelName = 'News'
  static override history = { size: 100, ttlMs: 60_000 }
}

export class Login extends Guard<{ name: string }> {
  static override guardName = 'Login'

  check(credential: { name: string } | undefined) {
    return credential?.name === 'ada' ? { id: 'ada' } : false
  }
}
