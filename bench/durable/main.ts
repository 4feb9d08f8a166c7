// What calls that survive a crash cost, beside the same work without that promise: ratios of one run, contenders in turn.
//
//   scripts/with-postgres.sh npm run bench:durable -- [--rounds 7] [--seconds 2] [--file <folder>] [--only <text of a title>] [--disk-ms 4] [--json]
//
// `--disk-ms`: each fdatasync and fsync of the servers with a libsql file takes that much longer, by strace: as on a disk that is no
// fast solid state drive, or that has no memory of its own that survives a power loss.
// Uses the PostgreSQL of ISOCK_PG_URL, and a libsql file in a new folder of `--file` (default: the system's for temporary files).
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Child } from '../child.ts'
import { dropSchema } from '../data/drop-schema.ts'
import { compile, installPeers, peerVersions } from '../prepare.ts'
import type { Usage } from '../usage.ts'
import type { Callable } from './actions.ts'
import type { Beside, ClientOrder } from './client.ts'
import type { InProcessOrder } from './in-process.ts'
import type { Load, Sampled } from './sampling.ts'
import type { ServerOrder } from './server.ts'

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '2' },
    file: { type: 'string', default: tmpdir() },
    only: { type: 'string', default: '' },
    'disk-ms': { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const ms = Number(values.seconds) * 1_000
const url = process.env['ISOCK_PG_URL']
const diskMs = Number(values['disk-ms'])

/** One way to do the work: processes that give samples. */
interface Contender {
  readonly name: string
  sample(load: Load): Promise<Sampled>
}

interface Row extends Sampled {
  readonly name: string
  /** Of the rate, and of the processor time, beside the first row's: medians of the rounds. */
  readonly rateRatio: number
  readonly cpuRatio: number
  /** The least and the most of the rounds: what a difference must exceed. */
  readonly rateRange: readonly [number, number]
}

interface Table {
  readonly title: string
  readonly rows: readonly Row[]
}

class Pair {
  readonly #server: Child<{ readonly do: ServerOrder['do'] }>
  readonly #client: Child<ClientOrder>

  private constructor(server: Child<ServerOrder>, client: Child<ClientOrder>) {
    this.#server = server
    this.#client = client
  }

  static async start(...args: readonly string[]): Promise<Pair> {
    const under = args[0]?.startsWith('file:') === true && diskMs > 0 ? slowDisk() : []
    const server = await Child.start<ServerOrder>('durable/server.js', args, [], under)
    const port = await server.ask<number>({ do: 'port' })
    return new Pair(server, await Child.start<ClientOrder>('durable/client.js', [String(port)]))
  }

  as(name: string, action: Callable, beside?: Beside): Contender {
    return { name, sample: (load) => this.#sample({ do: 'call', action, load, ...(beside && { beside }) }) }
  }

  async close(): Promise<void> {
    await this.#client.close({ do: 'close' })
    await this.#server.close({ do: 'close' })
  }

  /** Its processor time is that of both processes. */
  async #sample(order: ClientOrder & { do: 'call' }): Promise<Sampled> {
    await this.#server.ask({ do: 'watch' })
    const sampled = await this.#client.ask<Sampled>(order)
    const { cpuSeconds } = await this.#server.ask<Usage>({ do: 'usage' })
    const operations = (sampled.perSecond * order.load.ms) / 1_000
    return { ...sampled, cpuMicroseconds: sampled.cpuMicroseconds + (cpuSeconds / operations) * 1e6 }
  }
}

const folder = mkdtempSync(join(values.file, 'isock-bench-'))
const closers: (() => Promise<unknown> | unknown)[] = [() => rmSync(folder, { recursive: true })]
const tables: Table[] = []
try {
  const say = (text: string): void => void process.stderr.write(text)
  installPeers(say)
  compile(say)
  await measureFile()
  if (url === undefined) process.stderr.write('no ISOCK_PG_URL: run it by scripts/with-postgres.sh\n')
  else await measurePostgres(url)
  const sync = fdatasyncMs(join(folder, 'sync'))
  if (values.json) console.log(JSON.stringify({ node: process.version, fdatasyncMs: sync, tables }))
  else print(tables, sync)
} finally {
  for (const close of closers.reverse()) await close()
}

async function measureFile(): Promise<void> {
  const pair = await started(`file:${join(folder, 'bench.db')}`)
  const bare = await started()
  const recorded = pair.as('transactional', 'RecordedInsert')
  const plain = pair.as('the same unit, not transactional', 'PlainInsert')
  for (const inFlight of [1, 64]) await compare(`libsql file, ${inFlight} in flight`, inFlight, [plain, recorded])
  const beside: Beside = { action: 'Echo', load: { inFlight: 1, ms, pauseMs: 2 } }
  await compare('an echo beside inserts into a libsql file, 64 in flight', 64, [
    bare.as('echo on a server without data, beside echoes', 'Echo', beside),
    pair.as('echo beside units that are not transactional', 'PlainInsert', beside),
    pair.as('echo beside transactional calls', 'RecordedInsert', beside),
  ])
  // Processes that have done nothing else: what inserts leave behind, in the heap and in compiled code, is not what loading costs.
  const without = await started(`file:${join(folder, 'plain.db')}`, 'plain')
  const unused = await started(`file:${join(folder, 'unused.db')}`)
  const fresh = await started()
  await compare('an echo, 64 in flight', 64, [
    without.as('server with data', 'Echo'),
    unused.as('server with data and transactional actions, which nobody calls', 'Echo'),
    fresh.as('server without data', 'Echo'),
  ])
}

async function measurePostgres(store: string): Promise<void> {
  const schemas = ['bench_isock', 'bench_pg', 'bench_dbos']
  const drop = async (): Promise<void> => {
    for (const schema of [...schemas, 'bench_dbos_dbos']) await dropSchema(store, schema)
  }
  await drop()
  closers.push(drop)
  const pair = await started(store, 'bench_isock')
  const byHand = await inProcess('pg, by hand, in process', ['pg', store, 'bench_pg'])
  const dbos = await inProcess('DBOS: a workflow with one transaction, in process', ['dbos', store, 'bench_dbos'])
  const contenders = [
    pair.as('the same unit, not transactional', 'PlainInsert'),
    pair.as('transactional', 'RecordedInsert'),
    byHand,
    dbos,
  ]
  for (const inFlight of [1, 64]) await compare(`PostgreSQL, ${inFlight} in flight`, inFlight, contenders)
}

async function started(...args: readonly string[]): Promise<Pair> {
  const pair = await Pair.start(...args)
  closers.push(() => pair.close())
  return pair
}

async function inProcess(name: string, args: readonly string[]): Promise<Contender> {
  const child = await Child.start<InProcessOrder>('durable/in-process.js', args)
  closers.push(() => child.close({ do: 'close' }))
  return { name, sample: (load) => child.ask<Sampled>({ do: 'insert', load }) }
}

async function compare(title: string, inFlight: number, contenders: readonly Contender[]): Promise<void> {
  if (!title.includes(values.only)) return
  const samples = contenders.map((): Sampled[] => [])
  // The first round warms up.
  for (let round = -1; round < rounds; round++) {
    process.stderr.write(`\r${title}: round ${Math.max(0, round + 1)} of ${rounds}   `)
    const order = contenders.map((_, at) => at)
    for (const at of round % 2 === 0 ? order : order.reverse()) {
      const sampled = await (contenders[at] as Contender).sample({ inFlight, ms })
      if (round >= 0) samples[at]?.push(sampled)
    }
  }
  process.stderr.write('\n')
  const first = samples[0] as Sampled[]
  const rows = contenders.map(({ name }, at): Row => {
    const own = samples[at] as Sampled[]
    const of = (pick: (sampled: Sampled) => number): number => median(own.map(pick))
    const beside = (pick: (sampled: Sampled) => number): number =>
      median(own.map((sampled, round) => pick(sampled) / pick(first[round] as Sampled)))
    return {
      name,
      perSecond: of(({ perSecond }) => perSecond),
      p50Ms: of(({ p50Ms }) => p50Ms),
      p99Ms: of(({ p99Ms }) => p99Ms),
      cpuMicroseconds: of(({ cpuMicroseconds }) => cpuMicroseconds),
      rateRatio: beside(({ perSecond }) => perSecond),
      cpuRatio: beside(({ cpuMicroseconds }) => cpuMicroseconds),
      rateRange: rangeOf(own.map(({ perSecond }, round) => perSecond / (first[round] as Sampled).perSecond)),
    }
  })
  tables.push({ title, rows })
}

function slowDisk(): readonly string[] {
  const calls = 'fdatasync,fsync'
  const delay = `inject=${calls}:delay_exit=${Math.round(diskMs * 1_000)}`
  return ['strace', '-f', '-qq', '--seccomp-bpf', '-o', '/dev/null', '-e', `trace=${calls}`, '-e', delay]
}

/** What a commit must wait for at least, on this disk. */
function fdatasyncMs(path: string): number {
  const file = openSync(path, 'w')
  const times: number[] = []
  for (let i = 0; i < 100; i++) {
    writeSync(file, Buffer.alloc(4_096, i))
    const startedAt = performance.now()
    fdatasyncSync(file)
    times.push(performance.now() - startedAt)
  }
  closeSync(file)
  return median(times)
}

function median(numbers: readonly number[]): number {
  return [...numbers].sort((a, b) => a - b)[numbers.length >> 1] ?? Number.NaN
}

function rangeOf(numbers: readonly number[]): readonly [number, number] {
  return [Math.min(...numbers), Math.max(...numbers)]
}

function print(all: readonly Table[], syncMs: number): void {
  console.log(
    `Node ${process.version}, DBOS ${peerVersions()['@dbos-inc/dbos-sdk']}; medians of ${rounds} rounds of ${ms / 1_000} s; a write of 4 KiB and its fdatasync take ${syncMs.toFixed(2)} ms${diskMs > 0 ? `, and ${diskMs} ms more in the servers with a libsql file` : ''}.`,
  )
  for (const { title, rows } of all) {
    console.log(
      `\n**${title}**\n\n| | a second | beside the first (range) | p50, ms | p99, ms | CPU, us | beside the first |\n|---|---|---|---|---|---|---|`,
    )
    for (const { name, perSecond, p50Ms, p99Ms, cpuMicroseconds, rateRatio, rateRange, cpuRatio } of rows)
      console.log(
        `| ${name} | ${perSecond.toFixed(0)} | ${rateRatio.toFixed(2)} (${rateRange.map((ratio) => ratio.toFixed(2)).join(' to ')}) | ${p50Ms.toFixed(2)} | ${p99Ms.toFixed(2)} | ${cpuMicroseconds.toFixed(0)} | ${cpuRatio.toFixed(2)} |`,
      )
  }
}
