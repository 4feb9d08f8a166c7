// npm run simulate:mutants [-- [--store] [--seeds 4000] [--only text]]
// Plants faults in a copy of the library, one at a time, and shows that the simulation finds each.
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Edit, mutants } from './planted-faults.ts'
import { storeMutants } from './planted-store-faults.ts'

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '4000' },
    store: { type: 'boolean', default: false },
    /** Those whose names have this. */
    only: { type: 'string', default: '' },
  },
})
const planted = (options.store ? storeMutants : mutants).filter(({ name }) => name.includes(options.only))
const what = options.store ? ['--store'] : []
const root = fileURLToPath(new URL('..', import.meta.url))
const copy = join(root, '.mutants')
let survivors = 0

for (const mutant of planted) {
  rmSync(copy, { recursive: true, force: true })
  mkdirSync(copy)
  for (const part of ['lib', 'spec/simulation', 'scripts', 'package.json', 'tsconfig.json']) {
    cpSync(join(root, part), join(copy, part), { recursive: true })
  }
  symlinkSync(join(root, 'node_modules'), join(copy, 'node_modules'))
  for (const edit of [mutant, ...(mutant.more ?? [])]) plant(edit)
  if (mutant.to.includes('this.#last')) {
    // The wrong answer is that of the call that was answered last.
    const { file } = mutant
    plant({ file, from: '  #unsentCount = 0\n', to: '  #unsentCount = 0\n  #last: IncomingCall | undefined\n' })
    plant({ file, from: '    this.#unsentCount++\n', to: '    this.#unsentCount++\n    this.#last = call\n' })
  }
  const run = spawnSync(
    process.execPath,
    ['--import', 'tsx', 'scripts/simulate.ts', ...what, '--seeds', options.seeds],
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
console.log(`${planted.length - survivors} of ${planted.length} planted faults were found`)
process.exitCode = survivors > 0 ? 1 : 0

function plant({ file, from, to }: Edit): void {
  const path = join(copy, file)
  const source = readFileSync(path, 'utf8')
  if (!source.includes(from)) throw new Error(`${file} has no «${from}»`)
  writeFileSync(
    path,
    source.replace(from, () => to),
  )
}
