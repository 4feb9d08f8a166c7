// The programs of the processes, each bundled into one small file: a server starts in a third of the processor time then, and it starts after each
// kill.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))
const names = ['server', 'callers', 'keyed-caller', 'judge'] as const

/** With native parts, or the packages of other databases, which are not installed. */
const external = [
  '@mikro-orm/{better-sqlite,cli,entity-generator,mariadb,migrations,mongodb,mssql,mysql,seeder,sqlite}',
  '@node-rs/argon2',
  'better-sqlite3',
  'libsql',
  'mariadb',
  'mysql',
  'mysql2',
  'oracledb',
  'pg-native',
  'pg-query-stream',
  'sqlite3',
  'tedious',
]

/** What modules in the form of CommonJS expect. */
const banner = `import { createRequire as bannerRequire } from 'node:module'
import { dirname as bannerDirname } from 'node:path'
import { fileURLToPath as bannerPath } from 'node:url'
const require = bannerRequire(import.meta.url)
const __filename = bannerPath(import.meta.url)
const __dirname = bannerDirname(__filename)`

export type ProgramName = (typeof names)[number]

export interface Programs {
  pathOf(name: ProgramName): string
  remove(): void
}

export async function makePrograms(): Promise<Programs> {
  // Inside of the project, so that they find the packages that they need.
  const cache = join(root, 'node_modules', '.cache')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'isock-kills-'))
  await build({
    entryPoints: names.map((name) => join(root, `load/kills/processes/${name}.ts`)),
    outdir: folder,
    outExtension: { '.js': '.mjs' },
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    minify: true,
    // The names of models are those of their tables.
    keepNames: true,
    alias: { '#ws': 'ws', '#send': 'send' },
    external: external.flatMap(expanded),
    banner: { js: banner },
    logLevel: 'error',
  })
  return {
    pathOf: (name) => join(folder, `${name}.mjs`),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}

/** `a/{b,c}` is a/b and a/c. */
function expanded(name: string): string[] {
  const [, scope = '', list] = /^(.*)\{(.*)\}$/.exec(name) ?? []
  return list === undefined ? [name] : list.split(',').map((each) => `${scope}${each}`)
}
