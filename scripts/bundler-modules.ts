// Packages in CommonJS, as ES modules for bundlers: in one file of ESM there is no `require`, which such packages need for what they use
// of Node. Used by the build. Without a bundler Node loads the packages themselves, see `imports` in package.json.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))

export interface BundlerModule {
  /** The file's name in dist/bundler, without its extension. */
  readonly name: string
  readonly code: string
  /** The packages that are in it, as paths from the root. */
  readonly packages: readonly string[]
}

const contents: Readonly<Record<string, string>> = {
  ws: "export { WebSocket, WebSocketServer } from 'ws'",
  send: "export { default } from 'send'",
}

export function bundlerModules(): Promise<BundlerModule[]> {
  return Promise.all(Object.keys(contents).map(moduleOf))
}

async function moduleOf(name: string): Promise<BundlerModule> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: contents[name] as string, resolveDir: root, sourcefile: name },
    absWorkingDir: root,
    bundle: true,
    // Names and syntax stay: stacks are readable, and what is bundled again is as it was.
    minifyWhitespace: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    write: false,
    metafile: true,
    plugins: [withoutExtras],
  })
  const inputs = Object.entries(metafile.inputs)
  const builtins = new Set(
    inputs.flatMap(([, { imports }]) => imports.flatMap((each) => (each.external ? each.path : []))),
  )
  const packages = new Set(inputs.flatMap(([path]) => /^.*node_modules\/(@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []))
  return { name, code: `${requireOf([...builtins])}${outputFiles[0]?.text}`, packages: [...packages].sort() }
}

/** esbuild uses a `require` that is in scope. Bundlers take it for the function that it is. */
function requireOf(builtins: readonly string[]): string {
  const imports = builtins.map((name, i) => `import builtin${i} from 'node:${name.replace(/^node:/, '')}'\n`)
  const table = builtins.map((name, i) => `'${name}': builtin${i}`)
  return `${imports.join('')}const builtins = { ${table.join(', ')} }\nconst require = (name) => builtins[name]\n`
}

/** The licenses of the packages, which go where their code goes. */
export function licensesOf(packages: readonly string[]): string {
  return [...new Set(packages)]
    .sort()
    .map(licenseOf)
    .join(`\n${'-'.repeat(80)}\n\n`)
}

function licenseOf(path: string): string {
  const directory = join(root, path)
  const { name, version, license } = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8'))
  const file = readdirSync(directory).find((each) => /^licen[cs]e/i.test(each))
  const text = file === undefined ? '' : readFileSync(join(directory, file), 'utf8')
  return `${name} ${version} (${license})\n\n${text.trim()}\n`
}

/** They are asked for in try blocks, and not needed. */
const withoutExtras: Plugin = {
  name: 'without extras',
  setup(build) {
    build.onResolve({ filter: /^(bufferutil|utf-8-validate|supports-color)$/ }, ({ path }) => ({
      path,
      namespace: 'missing',
    }))
    build.onLoad({ filter: /.*/, namespace: 'missing' }, ({ path }) => ({
      contents: `throw new Error('${path} is not bundled')`,
    }))
  },
}
