// Runs all specs: at the smaller size of `npm test`, with --all at full size (see spec/setup/long.ts). With more arguments it is
// mocha with these arguments, at full size. Several processes run at the same time, because specs that start processes mostly wait for
// them; then run those alone that measure how long a server takes. The last line is the totals, `N passed, N failed[, N skipped]`.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { linesOf, linesOfFailures, noTotals, sumOf } from './spec-totals.mjs'

const mocha = fileURLToPath(new URL('../node_modules/mocha/bin/mocha.js', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))

const all = 'spec/**/*.spec.ts'
const timed = ['spec/{hostile,load}/**/*.spec.ts']
/** Mostly those that wait, for processes, browsers, disks and clocks: a process of its own for each list, so that they wait together. */
const own = [
  ['spec/{cli,scripts}/**/*.spec.ts', 'spec/examples.spec.ts', 'spec/scripts.spec.ts'],
  ['spec/{daemon,processes,threads}/**/*.spec.ts'],
  ['spec/browser/**/*.spec.ts', 'spec/bundlers.spec.ts'],
  ['spec/data/*/**/*.spec.ts'],
  ['spec/data/*.spec.ts'],
  ['spec/{gateways,tracim,web}/**/*.spec.ts'],
  // These compute, but the rest takes longest of all: a share of it.
  ['spec/{action,base,channels,inspection,services,tasks}/**/*.spec.ts'],
]
/** Rooms that are not run, as `browser,examples`. */
const leftOut = (process.env.ISOCK_SPECS_LEAVE_OUT ?? '').split(',').filter(Boolean)
const alsoWithout = leftOut.map((room) => `spec/${room}/**/*.spec.ts`)

// Mocha only warns of a path that leads nowhere, and takes braces without a star for a path.
for (const path of [...own, timed].flat())
  if (!path.includes('*') && !existsSync(join(root, path))) throw new Error(`there is no ${path}`)

const isAll = process.argv[2] === '--all'
const given = process.argv.slice(isAll ? 3 : 2)
/** One after the other; those of a turn at the same time. */
const turns = [
  [{ only: [all], without: [...own.flat(), ...timed] }, ...own.map((only) => ({ only, without: [] }))],
  [{ only: timed, without: [] }],
]
if (given.length > 0) {
  const [code] = await once(spawn(process.execPath, [mocha, ...given], { cwd: root, stdio: 'inherit' }), 'exit')
  process.exit(code ?? 1)
}

const folder = mkdtempSync(join(tmpdir(), 'isock-specs-'))
const totals = []
let hasFailed = false
for (const [at, turn] of turns.entries()) {
  const runs = turn.map((part, index) => run(part, join(folder, `${at}-${index}.json`), index === 0))
  for (const running of runs) {
    const { code, found } = await running
    if (code !== 0) hasFailed = true
    totals.push(found)
  }
}
rmSync(folder, { recursive: true })
const sum = sumOf(totals)
// Once more: thousands of lines of other processes may stand between.
console.log(`\n${[...linesOfFailures(sum), ...linesOf(sum)].join('\n')}`)
process.exit(hasFailed ? 1 : 0)

/** The output of the first of a turn is shown as it comes, of the others when they have ended. */
async function run({ only, without }, totalsFile, isLive) {
  const env = {
    ...process.env,
    ISOCK_SPECS: only.join(' '),
    ISOCK_SPECS_WITHOUT: [...without, ...alsoWithout].join(' '),
    ISOCK_SPECS_SIZE: isAll ? 'all' : 'few',
    ISOCK_SPECS_TOTALS: totalsFile,
  }
  const child = spawn(process.execPath, [mocha], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text) => {
      if (isLive) process.stdout.write(text)
      else output += text
    })
  }
  const [code] = await once(child, 'close')
  process.stdout.write(output)
  return { code, found: totalsIn(totalsFile, only) }
}

/** Of a process that died without a word, one that failed. */
function totalsIn(file, only) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return {
      ...noTotals,
      failed: 1,
      failures: [{ title: only.join(' '), message: 'the process ended before its specs' }],
    }
  }
}
