// Starts and ends the processes of these specs, each known by its own child handle.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { compiled } from '../setup/compiled.ts'

/** A process of a spec, its printed lines in order. */
export class Worker {
  readonly child: ChildProcess
  readonly #lines: string[] = []
  readonly #waiting: ((line: string) => void)[] = []
  readonly #exited: Promise<unknown>

  constructor(program: string, ...args: (string | number)[]) {
    this.child = spawn(process.execPath, [compiled(`spec/processes/${program}`), ...args.map(String)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    this.#exited = once(this.child, 'exit')
    createInterface(this.child.stdout as NodeJS.ReadableStream).on('line', (line) => {
      const waiting = this.#waiting.shift()
      if (waiting === undefined) this.#lines.push(line)
      else waiting(line)
    })
  }

  /** The next line that it prints; rejects when it dies first. */
  async line(): Promise<string> {
    const known = this.#lines.shift()
    if (known !== undefined) return known
    const died = this.#exited.then(() => Promise.reject(new Error('the process ended without a word')))
    return Promise.race([new Promise<string>((resolve) => this.#waiting.push(resolve)), died])
  }

  /** Signals it and waits until it is gone. */
  async end(signal: NodeJS.Signals): Promise<void> {
    this.child.kill(signal)
    await this.#exited
  }
}

/** The counting process. */
export class Counter {
  readonly port: number
  readonly #worker: Worker

  private constructor(worker: Worker, port: number) {
    this.#worker = worker
    this.port = port
  }

  static async start(): Promise<Counter> {
    const worker = new Worker('counter.ts')
    return new Counter(worker, Number(await worker.line()))
  }

  /** How often each name was counted. */
  async report(): Promise<Map<string, number>> {
    const socket = connect({ port: this.port, host: '127.0.0.1' })
    socket.write('report\n')
    return new Map(JSON.parse(await text(socket)) as [string, number][])
  }

  end(): Promise<void> {
    return this.#worker.end('SIGKILL')
  }
}

/** A port that was free a moment ago, for servers that come back at the same place. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  server.close()
  await once(server, 'close')
  return port
}

/** A work server that listens. */
export async function startWorkServer(port: number, counter: Counter): Promise<Worker> {
  const worker = new Worker('work-server.ts', port, counter.port)
  await worker.line()
  return worker
}
