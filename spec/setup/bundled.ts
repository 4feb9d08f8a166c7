// A program that uses isock, bundled into one file from the sources, as the bundler of a user makes it of the package.
import { mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Message, type Plugin } from 'esbuild'
import { bundlerModules } from '../../scripts/bundler-modules.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

type Condition = 'module' | 'bun'

const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
  readonly imports: Readonly<Record<string, Readonly<Partial<Record<Condition, string>> & { default: string }>>>
  readonly sideEffects: unknown
}
export const { imports, sideEffects } = manifest

/** With native parts, which no bundler takes. An ES module in one file loads them, whether there is data or not. */
const scopes = ['@mikro-orm', '@node-rs']

export interface BundleOptions {
  readonly outfile: string
  readonly format?: 'esm' | 'cjs'
  readonly minify?: boolean
  /** By which package.json says what an import is. Default 'module', as bundlers have it. */
  readonly condition?: Condition
}

/** Returns what it warns of. */
export async function bundleProgram(
  contents: string,
  { outfile, format = 'esm', minify = false, condition = 'module' }: BundleOptions,
): Promise<Message[]> {
  const { warnings } = await build({
    stdin: { contents, resolveDir: root },
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node20',
    format,
    minify,
    outfile,
    logLevel: 'silent',
    external: scopes.map((scope) => `${scope}/*`),
    plugins: [importsFor(condition)],
  })
  return warnings
}

/** What is external, where a program in this directory finds it. */
export function linkExternals(directory: string): void {
  mkdirSync(join(directory, 'node_modules'))
  for (const scope of scopes) symlinkSync(join(root, 'node_modules', scope), join(directory, 'node_modules', scope))
}

/** `imports` of package.json, with what the build writes to dist/bundler. */
function importsFor(condition: Condition): Plugin {
  return {
    name: 'imports',
    async setup(build) {
      const modules = await bundlerModules()
      build.onResolve({ filter: /^#/ }, ({ path }) => {
        const target = imports[path]?.[condition]
        return target === undefined
          ? { path: imports[path]?.default ?? path, external: true }
          : { path: target, namespace: 'built' }
      })
      build.onLoad({ filter: /.*/, namespace: 'built' }, ({ path }) => {
        const built = modules.find(({ name }) => path === `./dist/bundler/${name}.js`)
        return built === undefined ? { errors: [{ text: `${path} is not built` }] } : { contents: built.code }
      })
    },
  }
}
