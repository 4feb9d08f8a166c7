// Runs all specs, at the same time what a machine with two cores does at the same time: those that start processes, and mostly wait
// for them, beside the others; then those alone that measure how long a server takes. With arguments it is mocha with these
// arguments. The last line is the totals, `N passed, N failed[, N skipped]`.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

const mocha = fileURLToPath(new URL('../node_modules/mocha/bin/mocha.js', import.meta.url))
const root = fileURLToPath(new URL('..', import.meta.url))
const totals = /^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/m

const all = 'spec/**/*.spec.ts'
const ofProcesses = ['spec/{cli,daemon,processes,scripts,threads}/**/*.spec.ts', 'spec/{examples,scripts}.spec.ts']
const timed = ['spec/{hostile,load}/**/*.spec.ts']
/** One after the other; those of a turn at the same time. */
const turns = [
  [
    { only: [all], without: [...ofProcesses, ...timed] },
    { only: ofProcesses, without: [] },
  ],
  [{ only: timed, without: [] }],
]

const given = process.argv.slice(2)
if (given.length > 0) {
  const [code] = await once(spawn(process.execPath, [mocha, ...given], { cwd: root, stdio: 'inherit' }), 'exit')
  process.exit(code ?? 1)
}

const counts = [0, 0, 0]
let hasFailed = false
for (const turn of turns) {
  const outputs = turn.map(({ only, without }, index) => run(only, without, index === 0))
  for (const running of outputs) {
    const { code, output } = await running
    if (code !== 0) hasFailed = true
    const [, ...found] = output.match(totals) ?? ['', 0, 1, 0]
    for (const [at, count] of found.entries()) counts[at] += Number(count ?? 0)
  }
}
const [passed, failed, skipped] = counts
console.log(`\n${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`)
process.exit(hasFailed ? 1 : 0)

/** The output of the first of a turn is shown as it comes, of the others when they have ended. */
async function run(only, without, isLive) {
  const env = { ...process.env, ISOCK_SPECS: only.join(' '), ISOCK_SPECS_WITHOUT: without.join(' ') }
  const child = spawn(process.execPath, [mocha], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8')
    stream.on('data', (text) => {
      output += text
      if (isLive) process.stdout.write(text)
    })
  }
  const [code] = await once(child, 'close')
  if (!isLive) process.stdout.write(output)
  return { code, output }
}
