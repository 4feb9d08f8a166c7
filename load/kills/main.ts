// npm run kill-servers -- [--kills 2000] [--seconds n] [--store file|postgres|both] [--seed n] [--json] [--help]
// Kills and stops real servers under load, over real stores, and counts whether each durable promise was kept. Exit code 1: one was not.
import { parseArgs } from 'node:util'
import { OwnPostgres } from './own-postgres.ts'
import { makePrograms } from './programs.ts'
import { countOf, isClean, type Report, tableOf } from './report.ts'
import { type Progress, World } from './world.ts'

const help = `npm run kill-servers -- [options]

Kills, stops and restarts servers with transactional and durable actions while clients call them, and their stores too.
A judge that only reads the tables counts what was lost, done twice, or answered wrongly.

  --kills <n>      after how many faults to end, in all (default 2000)
  --seconds <n>    the longest time, in all (default: as long as it takes)
  --store <which>  file: one server over a libsql file; postgres: three servers over a PostgreSQL of its own;
                   both: one after the other, half of the faults each (default)
  --pause <ms>     the longest pause between two faults of a server (default 600); more leaves more of the processor to others
  --seed <n>       of the faults' order (default: a new one); their moments depend on the machine
  --json           the reports as JSON, one line for each store, on stdout
  --help           this

Examples
  npm run kill-servers -- --kills 50                       a look, about two minutes
  npm run kill-servers -- --store postgres --seconds 600   ten minutes of three servers over PostgreSQL
  npm run kill-servers -- --seed 7 --json > kills.json     for programs

Needs Linux, and PostgreSQL's own programs for --store postgres; a full disk needs root, to mount a small file system in memory.
Progress goes to stderr. Exit code 1: a promise was broken, or the run could not be ended; the evidence is kept then. Ctrl-C ends all processes.`

type Store = Report['store']

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '2000' },
    seconds: { type: 'string' },
    store: { type: 'string', default: 'both' },
    pause: { type: 'string', default: '600' },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

if (values.help) console.log(help)
else process.exitCode = (await run()) ? 0 : 1

async function run(): Promise<boolean> {
  const kills = countIn('--kills', values.kills)
  const seconds = values.seconds === undefined ? Number.POSITIVE_INFINITY : countIn('--seconds', values.seconds)
  const pauseMs = Math.max(51, countIn('--pause', values.pause))
  const seed = values.seed === undefined ? Math.floor(Math.random() * 1e9) : countIn('--seed', values.seed)
  const stores = storesIn(values.store)
  say(`seed ${seed}`)
  const programs = await makePrograms()
  const reports: Report[] = []
  try {
    for (const [at, store] of stores.entries()) {
      const share = at === 0 ? Math.ceil(kills / stores.length) : Math.floor(kills / stores.length)
      const onProgress = progressOf(store, share)
      const timeOf = seconds / stores.length
      const world = new World({ store, kills: share, seconds: timeOf, seed, pauseMs, programs, onProgress })
      const report = await withoutSignals(world, programs.remove)
      if (process.stderr.isTTY) process.stderr.write('\n')
      reports.push(report)
      for (const skipped of report.skipped) say(`left out: ${skipped}`)
      for (const [error, count] of Object.entries(report.errors)) say(`heard ${count} times: ${error}`)
      for (const example of report.examples) say(`BROKEN ${example}`)
      if (report.trouble !== undefined) say(`did not end: ${report.trouble}`)
      if (!isClean(report)) say(`the evidence is in ${world.folder}`)
      if (values.json) console.log(JSON.stringify(report))
    }
  } finally {
    programs.remove()
  }
  if (!values.json) console.log(tableOf(reports))
  const faults = reports.reduce((sum, report) => sum + countOf(report.faults), 0)
  say(
    `${faults} faults; ${reports.every(isClean) ? 'each promise was kept' : 'a promise is BROKEN, or a run did not end'}`,
  )
  return reports.every(isClean)
}

/** Ctrl-C ends all processes of a run. */
async function withoutSignals(world: World, removePrograms: () => void): Promise<Report> {
  const onSignal = (): void => {
    process.removeAllListeners('SIGINT').removeAllListeners('SIGTERM')
    say('\nending all processes')
    void world.close().finally(() => {
      removePrograms()
      process.exit(130)
    })
  }
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal)
  try {
    return await world.run()
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal)
  }
}

function storesIn(name: string): Store[] {
  if (name === 'file') return ['file']
  if (name !== 'postgres' && name !== 'both') throw new Error(`--store: expected file, postgres or both, got ${name}`)
  if (OwnPostgres.missing === undefined) return name === 'both' ? ['file', 'postgres'] : ['postgres']
  if (name === 'postgres') throw new Error(`--store postgres: ${OwnPostgres.missing}`)
  say(`left out: --store postgres, because ${OwnPostgres.missing}`)
  return ['file']
}

function countIn(option: string, text: string): number {
  const count = Number(text)
  if (!Number.isSafeInteger(count) || count < 1)
    throw new Error(`${option}: expected a whole number from 1, got ${text}`)
  return count
}

/** A bar on a terminal; elsewhere a line every ten seconds. */
function progressOf(store: Store, kills: number): (progress: Progress) => void {
  const width = 24
  let saidAt = 0
  return ({ faults, acknowledged, seconds }) => {
    const filled = Math.min(width, Math.round((faults / kills) * width))
    const text = `${store}: ${faults} of ${kills} faults, ${acknowledged} calls acknowledged, ${Math.round(seconds)} s`
    if (process.stderr.isTTY)
      process.stderr.write(`\r[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${text}\u001b[K`)
    else if (seconds - saidAt >= 10) {
      saidAt = seconds
      say(text)
    }
  }
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
