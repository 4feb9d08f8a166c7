// npm run simulate:mutants [-- --seeds 4000]
// Plants faults in a copy of the library, one at a time, and shows that the simulation finds each.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { mutants } from './planted-faults.ts'

const { values: options } = parseArgs({ options: { seeds: { type: 'string', default: '4000' } } })
const root = fileURLToPath(new URL('..', import.meta.url))
const copy = join(root, '.mutants')
let survivors = 0

for (const mutant of mutants) {
  rmSync(copy, { recursive: true, force: true })
  mkdirSync(copy)
  for (const part of ['lib', 'spec/simulation', 'scripts', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, part), join(copy, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  const file = join(copy, mutant.file)
  const source = readFileSync(file, 'utf8')
  let mutated = source.replace(mutant.from, () => mutant.to)
  if (mutant.to.includes('this.#last')) {
    // The wrong answer is that of the call that was answered last.
    mutated = mutated
      .replace('  #unsentCount = 0\n', '  #unsentCount = 0\n  #last: IncomingCall | undefined\n')
      .replace('    this.#unsentCount++\n', '    this.#unsentCount++\n    this.#last = call\n')
  }
  writeFileSync(file, mutated)
  const run = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'scripts/simulate.ts', '--seeds', String(options.seeds)],
    {
      cwd: copy,
      encoding: 'utf8',
      timeout: 300_000,
    },
  )
  const found = /seed (\d+): (.*)/.exec(run.stdout)
  // A copy that does not even run has found nothing.
  const isFound = run.status === 1 && found !== null
  if (!isFound) survivors++
  console.log(`${isFound ? 'found   ' : 'SURVIVED'}  ${mutant.name}`)
  console.log(
    `          ${found ? `seed ${found[1]}: ${found[2]}` : (run.stdout + run.stderr).trim().split('\n').slice(-3).join(' | ')}`,
  )
}
rmSync(copy, { recursive: true, force: true })
console.log(`${mutants.length - survivors} of ${mutants.length} planted faults were found`)
process.exitCode = survivors > 0 ? 1 : 0
