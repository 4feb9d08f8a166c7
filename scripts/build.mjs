// Builds dist/ from lib/: TypeScript 7 compiles, then the declarations' `.ts` specifiers become `.js`, as the compiler
// has rewritten them in the code but not in the types. A consumer's compiler then needs nothing but dist/.
import { spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { mostZippedBytes, writeForBrowsers } from './browser-bundle.ts'
import { bundlerModules, licensesOf } from './bundler-modules.ts'
import { rewriteDeclarations } from './declarations.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

rmSync(dist, { recursive: true, force: true })
compile()
// What the comments say is in the declarations: the code goes without them.
compile('--removeComments', '--declaration', 'false')
rewriteDeclarations(dist)
await bundle()
await forBundlers()
const cli = join(dist, 'cli', 'main.js')
if (existsSync(cli)) chmodSync(cli, 0o755)

function compile(...options) {
  const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc')
  const { status } = spawnSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--noEmitOnError', ...options], {
    cwd: root,
    stdio: 'inherit',
  })
  if (status !== 0) process.exit(status ?? 1)
}

/** The module for browsers is one file, in the place of the compiled one. */
async function bundle() {
  // The compiler's map is of the compiled one.
  rmSync(join(dist, 'browser.js.map'), { force: true })
  const { zippedBytes } = await writeForBrowsers(dist)
  console.log(`browser.js: ${zippedBytes} bytes zipped, at most ${mostZippedBytes}`)
  if (zippedBytes > mostZippedBytes) process.exit(1)
}

/** See `imports` in package.json. */
async function forBundlers() {
  const modules = await bundlerModules()
  const directory = join(dist, 'bundler')
  mkdirSync(directory)
  for (const { name, code } of modules) writeFileSync(join(directory, `${name}.js`), code)
  writeFileSync(join(directory, 'LICENSES.txt'), licensesOf(modules.flatMap(({ packages }) => packages)))
}
