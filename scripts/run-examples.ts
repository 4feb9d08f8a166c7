// Runs every example as a user would, each in a process of its own with a time limit; fails if one fails or hangs.
import { spawn } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const limitMs = 60_000

const examples = findExamples()
if (examples.length === 0) throw new Error('there is no example: expected examples/*.ts or examples/*/main.ts')
const failed: string[] = []
for (const example of examples) {
  const startedAt = performance.now()
  console.log(example)
  const outcome = await run(example)
  const took = `${((performance.now() - startedAt) / 1_000).toFixed(1)} s`
  console.log(outcome === 'ok' ? `  (ok, ${took})` : `  (FAILED: ${outcome}, ${took})`)
  if (outcome !== 'ok') failed.push(`${example}: ${outcome}`)
}
console.log(`${examples.length - failed.length} of ${examples.length} examples ran`)
for (const each of failed) console.log(`FAILED ${each}`)
process.exitCode = failed.length === 0 ? 0 : 1

/** examples/*.ts and examples/<name>/main.ts, in order; the arguments, if any, say which by a part of the path. */
function findExamples(): string[] {
  const entries = readdirSync(join(root, 'examples'), { withFileTypes: true })
  const single = entries.filter((entry) => entry.isFile() && entry.name.endsWith('.ts')).map((entry) => entry.name)
  const folders = entries.filter((entry) => entry.isDirectory()).map((entry) => `${entry.name}/main.ts`)
  const wanted = process.argv.slice(2)
  return [...single, ...folders]
    .map((name) => `examples/${name}`)
    .filter((path) => existsSync(join(root, path)))
    .filter((path) => wanted.length === 0 || wanted.some((part) => path.includes(part)))
    .sort()
}

/** Runs one example; `ok`, or what went wrong. Its output is printed as it comes, indented. */
function run(example: string): Promise<string> {
  return new Promise((resolve) => {
    // A group of its own, so that an example which hangs takes the processes that it started with it.
    const child = spawn(process.execPath, ['--import', 'tsx', example], {
      cwd: root,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let timedOut = false
    const killGroup = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      } catch {
        // the group has ended already
      }
    }
    const interrupted = () => {
      killGroup()
      process.exit(130)
    }
    const limit = setTimeout(() => {
      timedOut = true
      killGroup()
    }, limitMs)
    process.once('SIGINT', interrupted).once('SIGTERM', interrupted)
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => console.log(`  ${line}`))
    }

    const settle = (outcome: string) => {
      clearTimeout(limit)
      process.off('SIGINT', interrupted).off('SIGTERM', interrupted)
      resolve(outcome)
    }
    child.once('error', (error) => settle(error.message))
    child.once('close', (code, signal) => {
      if (timedOut) settle(`did not end within ${limitMs / 1_000} s`)
      else if (code !== 0) settle(`ended with ${signal ?? `exit code ${code}`}`)
      else settle('ok')
    })
  })
}
