// A compiled copy of the project for the processes that specs start: it loads in a third of the processor time that the compiling
// loader needs. Made once for each content of the sources, in node_modules/.cache, and shared by all specs and all runs.
import { execFileSync } from 'node:child_process'
import { createHash, type Hash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageImports, packageVersion } from './package-file.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
// Inside of the project, so that the copy finds the packages that it needs.
const cache = join(root, 'node_modules', '.cache', 'isock-specs')
const compiler = join(root, 'node_modules', '@typescript', 'native')
const folders = ['lib', 'spec', 'examples', 'shared-actions', 'load', 'scripts']
/** Of other contents, what was used longer ago is removed. */
const keptForMs = 60 * 60_000

const made = lazily(makeCopy)

/** The path in the copy of a file of the project, given as from the root: `lib/cli/main.ts`. */
export function compiled(file: string): string {
  const folder = made()
  const now = new Date()
  utimesSync(folder, now, now)
  return join(folder, file.replace(/\.ts$/, '.js'))
}

function makeCopy(): string {
  const sources = folders.flatMap((folder) => filesIn(folder))
  const folder = join(cache, hashOf(sources))
  if (existsSync(folder)) return folder
  mkdirSync(cache, { recursive: true })
  removeOld()
  // Another process may make the same at the same time: whoever is first has made it for both.
  const own = mkdtempSync(join(cache, 'making-'))
  compileInto(own)
  for (const file of sources) if (!file.endsWith('.ts')) cpSync(join(root, file), join(own, file))
  writeFileSync(join(own, 'package.json'), JSON.stringify(packageOfCopy()))
  try {
    renameSync(own, folder)
  } catch (error) {
    rmSync(own, { recursive: true })
    if (!existsSync(folder)) throw error
  }
  return folder
}

function compileInto(folder: string): void {
  const compilerOptions = {
    noEmit: false,
    rootDir: root,
    outDir: '.',
    removeComments: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules', '@types')],
    paths: {},
  }
  const include = folders.map((name) => join(root, name))
  const exclude = [join(root, 'spec/**/*.spec.ts'), join(root, 'examples/*/page'), join(root, '**/*.mjs')]
  const config = join(folder, 'tsconfig.json')
  writeFileSync(config, JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include, exclude }))
  // Types are checked elsewhere.
  execFileSync(process.execPath, [join(compiler, 'bin', 'tsc'), '-p', config, '--noCheck'], { cwd: root })
}

/** The names of the public lists lead to lib/ in the place of dist/. */
function packageOfCopy(): object {
  const { name, exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    readonly name: string
    readonly exports: Readonly<Record<string, string | { readonly default: string }>>
  }
  const inLib = Object.entries(exports).map(([key, found]) => {
    const path = typeof found === 'string' ? found : found.default
    return [key, path.replace('./dist/', './lib/')]
  })
  return { name, version: packageVersion, type: 'module', exports: Object.fromEntries(inLib), imports: packageImports }
}

/** As from the root, in order; without specs, which nobody starts. */
function filesIn(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.spec.ts'))
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length))
    .sort()
}

function hashOf(sources: readonly string[]): string {
  const hash = createHash('sha256')
  for (const file of [...sources, 'package.json', 'tsconfig.json', join(compiler, 'package.json').slice(root.length)])
    addFile(hash, file)
  return hash.digest('hex').slice(0, 16)
}

function addFile(hash: Hash, file: string): void {
  const content = readFileSync(join(root, file))
  hash.update(`${file}\0${content.length}\0`).update(content)
}

function removeOld(): void {
  for (const name of readdirSync(cache)) {
    const folder = join(cache, name)
    const { mtimeMs } = statSync(folder, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() }
    if (Date.now() - mtimeMs > keptForMs) rmSync(folder, { recursive: true, force: true, maxRetries: 20 })
  }
}

function lazily<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
