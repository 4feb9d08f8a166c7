// A module for `isock serve`, with every kind of export.
import { Action, type Context } from 'isock'

/**
 * Greets somebody.
 * With more words than a list needs.
 */
export class Greet extends Action {
  override action(name: string): string {
    return `hello ${name}`
  }
}

export class Numbers extends Action {
  static override description = 'Yields three numbers.'

  override async *action(): AsyncGenerator<number, void, undefined> {
    yield* [1, 2, 3]
  }
}

/** Runs until it is told to stop. */
export class Linger extends Action {
  override async action(_data: undefined, { signal }: Context): Promise<void> {
    console.log('lingering')
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
  }
}

/** Finishes when a second has passed. */
export class Finish extends Action {
  override async action(): Promise<string> {
    console.log('finishing')
    await new Promise((resolve) => setTimeout(resolve, 500))
    return 'finished'
  }
}

/** Has no implementation. */
export class Contract extends Action<string, string> {}

/** Needs something. */
export class Needy extends Action {
  readonly #suffix: string

  constructor(suffix: string) {
    super()
    this.#suffix = suffix
  }

  override action(text: string): string {
    return text + this.#suffix
  }
}

class Hidden extends Action {
  override action(): string {
    return 'not exported as a class'
  }
}

export const hidden = new Hidden()

/** Only in the tree. */
export class Leaf extends Action {
  override action(): string {
    return 'leaf'
  }
}

export const actions = { tree: { leaf: new Leaf(), double: (value: number) => value * 2 } }
