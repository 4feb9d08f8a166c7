// Starts the attacked server, small as it is, and asks it for its figures.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import type { Limits } from '../../../lib/index.ts'
import { compiled } from '../../setup/compiled.ts'
import type { Ask, Figures } from './server-program.ts'

/** All the heap that it gets. */
const heapMebibytes = 128

export class ChildServer {
  readonly address: string
  readonly #process: ChildProcess
  readonly #waiting = new Map<number, (figures: Figures) => void>()
  #asked = 0

  private constructor(process: ChildProcess, address: string) {
    this.#process = process
    this.address = address
    process.on('message', ({ id, ...figures }: Figures & { id: number }) => {
      this.#waiting.get(id)?.(figures)
      this.#waiting.delete(id)
    })
  }

  static async start(limits: Partial<Limits>): Promise<ChildServer> {
    const program = compiled('spec/hostile/child/server-program.ts')
    const flags = [`--max-old-space-size=${heapMebibytes}`, '--expose-gc']
    const child = spawn(process.execPath, [...flags, program, JSON.stringify(limits)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const [{ address }] = (await once(child, 'message')) as [{ address: string }]
    return new ChildServer(child, address)
  }

  /** It has not ended, by itself or by a signal. */
  get isAlive(): boolean {
    return this.#process.exitCode === null && this.#process.signalCode === null
  }

  /** 'begin' starts a new count of time and blockage. */
  ask(ask: Ask): Promise<Figures> {
    const id = ++this.#asked
    const { promise, resolve, reject } = withResolvers<Figures>()
    const onExit = (code: number | null, signal: string | null): void =>
      reject(new Error(`the server died with ${signal ?? code}`))
    this.#process.once('exit', onExit)
    this.#waiting.set(id, (figures) => {
      this.#process.off('exit', onExit)
      resolve(figures)
    })
    if (this.isAlive) this.#process.send({ id, ask })
    else onExit(this.#process.exitCode, this.#process.signalCode)
    return promise
  }

  /** Ends it, and waits until it is gone. */
  async end(): Promise<void> {
    if (!this.isAlive) return
    const exited = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await exited
  }
}

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void; reject: (error: Error) => void } {
  let resolve: (value: T) => void = () => undefined
  let reject: (error: Error) => void = () => undefined
  const promise = new Promise<T>((...settlers) => {
    ;[resolve, reject] = settlers
  })
  return { promise, resolve, reject }
}
