// One file of a client, and one of a server with data, as the bundlers that people use make it of the package: both run by themselves,
// beside the packages with native parts, which none of them takes.
import { execFile } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { build as esbuild } from 'esbuild'
import { build as vite } from 'vite'
import webpack from 'webpack'
import { bundlerModules } from '../scripts/bundler-modules.ts'
import { compiled } from './setup/compiled.ts'
import { longDescribe } from './setup/long.ts'
import { RunningScript } from './setup/run-script.ts'

type Format = 'esm' | 'cjs'

const run = promisify(execFile)
const root = fileURLToPath(new URL('..', import.meta.url))
const nccCommand = join(root, 'node_modules', '@vercel', 'ncc', 'dist', 'ncc', 'cli.js')
/** What a server with data finds beside it. */
const external = ['@mikro-orm/core', '@mikro-orm/libsql', '@mikro-orm/postgresql', '@node-rs/argon2']

const importsOf = (text: string, format: Format): string =>
  format === 'esm' ? text : text.replace(/^import \{(.*)\} from ('.*')$/gm, 'const {$1} = require($2)')

const programs = {
  client: `import { Action, Client } from 'isock'
class Echo extends Action {}
async function main() {
  const client = new Client(process.argv[2])
  const echoed = await client.runAction(Echo, new Map([[1, new Date(0)]]))
  console.log(echoed instanceof Map, echoed.get(1).toISOString())
  await client.close()
}
main()
`,
  server: `import { Action, Client, Server } from 'isock'
import { data, field, Model } from 'isock/data'
class Note extends Model {
  static modelName = 'Note'
  text = field.text()
}
class Add extends Action {
  static actionName = 'Add'
  async action(text, { db }) {
    await db.create(Note, { text })
    return db.count(Note)
  }
}
async function main() {
  const server = new Server('127.0.0.1', 0, { features: [data({ models: [Note] })] })
  await server.addAction(new Add()).listen()
  const client = new Client(server.addresses[0])
  await client.runAction(Add, 'one')
  console.log(await client.runAction(Add, 'two'), await server.db.transaction((db) => db.count(Note)))
  await client.close()
  await server.shutdown()
}
main()
`,
}

/** Each writes one file. */
const bundlers: Readonly<Record<string, (entry: string, outfile: string, format: Format) => Promise<unknown>>> = {
  esbuild: (entry, outfile, format) =>
    esbuild({
      entryPoints: [entry],
      bundle: true,
      platform: 'node',
      target: 'node20',
      format,
      outfile,
      external,
      logLevel: 'error',
      logOverride: { 'empty-import-meta': 'silent' },
    }),
  vite: (entry, outfile, format) =>
    vite({
      root: dirname(entry),
      logLevel: 'error',
      configFile: false,
      ssr: { noExternal: true, external },
      build: {
        ssr: entry,
        outDir: dirname(outfile),
        emptyOutDir: false,
        target: 'node20',
        rollupOptions: {
          external,
          output: { format, entryFileNames: outfile.slice(dirname(outfile).length + 1), inlineDynamicImports: true },
        },
      },
    }),
  webpack: (entry, outfile, format) =>
    new Promise((resolve, reject) => {
      const isModule = format === 'esm'
      const config: webpack.Configuration = {
        mode: 'production',
        target: 'node20',
        context: dirname(entry),
        entry,
        experiments: isModule ? { outputModule: true } : {},
        output: {
          path: dirname(outfile),
          filename: outfile.slice(dirname(outfile).length + 1),
          ...(isModule ? { module: true, library: { type: 'module' } } : { library: { type: 'commonjs2' } }),
        },
        externals: Object.fromEntries(external.map((name) => [name, isModule ? `import ${name}` : `import ${name}`])),
        optimization: { minimize: false, splitChunks: false },
        plugins: [new webpack.optimize.LimitChunkCountPlugin({ maxChunks: 1 })],
      }
      webpack(config, (error, stats) => {
        if (error !== null || stats?.hasErrors()) reject(error ?? new Error(stats?.toString('errors-only')))
        else resolve(undefined)
      })
    }),
  ncc: async (entry, outfile) => {
    // In the program's folder: ncc looks through the whole current directory for files that a program may read.
    const cwd = dirname(entry)
    const externals = external.flatMap((name) => ['--external', name])
    await run(process.execPath, [nccCommand, 'build', entry, '--out', 'out', '--quiet', '--no-cache', ...externals], {
      cwd,
    })
    // What is imported later lies in files of their own.
    const out = join(cwd, 'out')
    for (const name of readdirSync(out))
      cpSync(join(out, name), /^index\.[mc]?js$/.test(name) ? outfile : join(cwd, name), { recursive: true })
  },
}

longDescribe('A program in one file', function () {
  this.timeout(240_000)
  let folder: string

  before(async () => {
    // Inside of node_modules, where the packages are found that isock needs.
    const cache = join(root, 'node_modules', '.cache')
    mkdirSync(cache, { recursive: true })
    folder = mkdtempSync(join(cache, 'isock-bundlers-'))
    // A package of its own: the name and the paths of this one would lead to its sources.
    writeFileSync(join(folder, 'package.json'), '{ "private": true }')
    writeFileSync(join(folder, 'tsconfig.json'), '{}')
    const isock = join(folder, 'node_modules', 'isock')
    mkdirSync(join(isock, 'dist'), { recursive: true })
    cpSync(dirname(compiled('lib/index.ts')), join(isock, 'dist'), { recursive: true })
    cpSync(join(root, 'package.json'), join(isock, 'package.json'))
    mkdirSync(join(isock, 'dist', 'bundler'))
    for (const { name, code } of await bundlerModules())
      writeFileSync(join(isock, 'dist', 'bundler', `${name}.js`), code)
  })

  after(() => rmSync(folder, { recursive: true, force: true }))

  for (const [bundler, bundle] of Object.entries(bundlers))
    for (const format of ['esm', 'cjs'] as const)
      for (const [name, program] of Object.entries(programs)) {
        // It takes three times as long as the others, and is one of them inside: once for each program.
        if (bundler === 'ncc' && format === 'cjs') continue
        it(`is made by ${bundler} as ${format}: a ${name}`, async () => {
          const at = join(folder, `${bundler}-${format}-${name}`)
          mkdirSync(at)
          const extension = format === 'esm' ? 'mjs' : 'cjs'
          const entry = join(at, `program.${extension}`)
          writeFileSync(entry, importsOf(program, format))
          const outfile = join(at, `out.${extension}`)
          await bundle(entry, outfile, format)
          // Nothing of isock itself is beside it.
          const text = readFileSync(outfile, 'utf8')
          const outside = [
            ...text.matchAll(/^import [^\n]*from\s*["'](isock[^"']*)["']|\brequire\(["'](isock[^"']*)["']\)/gm),
          ]
          expect(outside.map(([found]) => found)).to.deep.equal([])
          if (name === 'server') {
            expect(await outputOf([outfile])).to.equal('2 2\n')
            return
          }
          const { Action, Server } = await import('isock')
          class Echo extends Action {
            override action(value: unknown): unknown {
              return value
            }
          }
          await using server = new Server('127.0.0.1', 0)
          await server.addAction(new Echo()).listen()
          expect(await outputOf([outfile, server.addresses[0] as string])).to.equal('true 1970-01-01T00:00:00.000Z\n')
        })
      }
})

async function outputOf(args: readonly string[]): Promise<string> {
  const { stdout, stderr } = await new RunningScript(args, {}).ended
  return stdout + stderr
}
