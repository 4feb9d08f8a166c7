// A PostgreSQL of our own, which may be killed: in a temporary directory, at a port of its own.
import { execFile, execFileSync } from 'node:child_process'
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const versions = '/usr/lib/postgresql'
const settings = '-c listen_addresses=127.0.0.1 -c fsync=off -c shared_buffers=32MB -c max_connections=80'
const commandMs = 60_000

interface PostgresClient {
  on(event: 'error', listener: () => void): void
  connect(): Promise<void>
  query(sql: string): Promise<{ readonly rows: readonly Record<string, unknown>[] }>
  end(): Promise<void>
}

export class OwnPostgres {
  readonly #directory: string
  readonly #bin: string
  readonly #port: number

  private constructor(directory: string, bin: string, port: number) {
    this.#directory = directory
    this.#bin = bin
    this.#port = port
  }

  /** Why there can be none. undefined: it can be made. */
  static get missing(): string | undefined {
    return binaries() === undefined ? `there is no ${versions}/*/bin/initdb; install PostgreSQL` : undefined
  }

  static async make(port: number): Promise<OwnPostgres> {
    const bin = binaries()
    if (bin === undefined) throw new Error(OwnPostgres.missing)
    const directory = mkdtempSync(join(tmpdir(), 'isock-kills-postgres-'))
    const postgres = new OwnPostgres(directory, bin, port)
    // PostgreSQL does not run as root.
    if (isRoot) chownSync(directory, idOf('-u'), idOf('-g'))
    await postgres.#command('initdb', [`--pgdata=${postgres.#data}`, '--auth=trust', '--username=postgres'])
    await postgres.start()
    return postgres
  }

  get url(): string {
    return `postgres://postgres@127.0.0.1:${this.#port}/postgres`
  }

  async start(): Promise<void> {
    const options = `-p ${this.#port} -k ${this.#directory} ${settings}`
    await this.#control('--wait', `--options=${options}`, `--log=${join(this.#directory, 'log')}`, 'start')
  }

  /** Ends it as a crash does: without a checkpoint, and without an answer to anybody. */
  async crash(): Promise<void> {
    await this.#control('--wait', '--mode=immediate', 'stop')
  }

  /** The rows of a statement, on a connection of its own. */
  async query(sql: string): Promise<readonly Record<string, unknown>[]> {
    const { Client } = createRequire(import.meta.url)('pg') as {
      readonly Client: new (options: object) => PostgresClient
    }
    const client = new Client({ connectionString: this.url, connectionTimeoutMillis: 5_000, query_timeout: 10_000 })
    client.on('error', () => undefined)
    await client.connect()
    try {
      return (await client.query(sql)).rows
    } finally {
      await client.end().catch(() => undefined)
    }
  }

  /** Without waiting, for the end of the process too. Its directory is removed. */
  remove(): void {
    try {
      const [pid] = readFileSync(join(this.#data, 'postmaster.pid'), 'utf8').split('\n')
      // As pg_ctl does for an immediate stop.
      process.kill(Number(pid), 'SIGQUIT')
      for (let i = 0; i < 100 && existsSync(join(this.#data, 'postmaster.pid')); i++) execFileSync('sleep', ['0.05'])
    } catch {
      // It does not run.
    }
    rmSync(this.#directory, { recursive: true, force: true, maxRetries: 20 })
  }

  get #data(): string {
    return join(this.#directory, 'data')
  }

  #control(...args: readonly string[]): Promise<void> {
    return this.#command('pg_ctl', [`--pgdata=${this.#data}`, ...args])
  }

  async #command(name: string, args: readonly string[]): Promise<void> {
    const program = join(this.#bin, name)
    const [file, all] = isRoot ? ['runuser', ['-u', 'postgres', '--', program, ...args]] : [program, args]
    await run(file, all, { cwd: this.#directory, timeout: commandMs })
  }
}

const isRoot = process.getuid?.() === 0

function idOf(option: '-u' | '-g'): number {
  return Number(execFileSync('id', [option, 'postgres'], { encoding: 'utf8' }))
}

/** Of the newest version. */
function binaries(): string | undefined {
  if (!existsSync(versions)) return undefined
  const [newest] = readdirSync(versions)
    .map((version) => join(versions, version, 'bin'))
    .filter((bin) => existsSync(join(bin, 'initdb')))
    .sort()
    .reverse()
  return newest
}
