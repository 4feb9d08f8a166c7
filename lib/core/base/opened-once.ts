// What is opened by the first one who needs it, for all. Where that fails, the next one opens it again.

export class OpenedOnce<T> {
  readonly #open: () => Promise<T>
  #opening: Promise<T> | undefined

  constructor(open: () => Promise<T>) {
    this.#open = open
  }

  get(): Promise<T> {
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  /** Undefined: nobody has needed it, or it could not be opened. Never rejects. */
  async ifOpened(): Promise<T | undefined> {
    return this.#opening?.catch(() => undefined)
  }
}
