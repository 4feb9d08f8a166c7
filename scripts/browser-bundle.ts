// Bundles lib/browser.ts to one minified ES module without a name of Node's, and what it loads when that is first needed to a chunk
// beside it; zips them, and says how large they are. Used by the build, and by specs and examples that run from the sources.
import { createHash } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { type BuildOptions, type BuildResult, build, type Plugin } from 'esbuild'
import { minify } from 'terser'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What a page loads first may have, zipped, in bytes. */
export const mostZippedBytes = 54_950

/** A module as it is served, with its source map. */
interface ServedModule {
  readonly code: string
  readonly map: string
  readonly zippedBytes: number
}

export interface BrowserBundle extends ServedModule {
  /** What the module loads, from beside it, when the server first asks something of the page, or for a message port. Its name has its hash. */
  readonly chunk: ServedModule & { readonly name: string }
}

/** Its name tells it from a map of a page's own, which the web port would hide otherwise. */
const mapName = 'isock-browser.js.map'

/** Writes the module and its chunk as they are served, and as they are published: plain, by gzip and Brotli, and a source map by gzip. */
export async function writeForBrowsers(directory: string, made = bundleForBrowsers()): Promise<BrowserBundle> {
  const bundle = await made
  const { code, map, chunk } = bundle
  writeForms(join(directory, 'browser.js'), code)
  writeFileSync(join(directory, `${mapName}.gz`), zipped(map))
  writeForms(join(directory, chunk.name), chunk.code)
  writeFileSync(join(directory, `${chunk.name}.map.gz`), zipped(chunk.map))
  return bundle
}

function writeForms(file: string, code: string): void {
  writeFileSync(file, code)
  writeFileSync(`${file}.gz`, zipped(code))
  writeFileSync(`${file}.br`, brotliCompressSync(code, { params: brotli(code) }))
}

function zipped(code: string): Buffer {
  return gzipSync(code, { level: 9, memLevel: 9 })
}

function brotli(code: string): Record<number, number> {
  return {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: code.length,
  }
}

/**
 * The chunk is a function of what it shares with the module. If it imported the module, it would have to know the address at which
 * the page has loaded that, query included; and esbuild's own splitting moves what both need, which is nearly all, to a third file, for
 * which every page would wait once more.
 */
export async function bundleForBrowsers(): Promise<BrowserBundle> {
  const { metafile } = await bundled('lib/browser.ts', [chunkLoader(nameOf(''), []), substitutes])
  const inMain = new Set(Object.keys(metafile?.inputs ?? {}))
  const draft = await bundled(chunkEntry, [chunkOver(inMain, 'external')], { minify: false })
  const shared = sharedIn(textsOf(draft).code)
  const chunk = await minified(
    await bundled(chunkEntry, [chunkOver(inMain, shared)], {
      format: 'iife',
      globalName: 'chunk',
      banner: { js: 'export default (shared)=>{' },
      footer: { js: ';return chunk}' },
    }),
  )
  const hash = createHash('sha256').update(chunk.code).digest('hex').slice(0, 12)
  const name = nameOf(hash)
  const main = await minified(await bundled('lib/browser.ts', [chunkLoader(name, shared), substitutes]))
  return { ...served(main, mapName), chunk: { name, ...served(chunk, `${name}.map`) } }
}

function nameOf(hash: string): string {
  return `isock-callee-${hash}.js`
}

async function bundled(entry: string, plugins: Plugin[], options: BuildOptions = {}): Promise<BuildResult> {
  return build({
    absWorkingDir: root,
    entryPoints: [entry],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    // What is there for Node's sake falls away.
    define: { 'globalThis.process': 'undefined', 'globalThis.Buffer': 'undefined' },
    sourcemap: 'external',
    metafile: true,
    outfile: 'dist/browser.js',
    write: false,
    ...options,
    plugins: [...plugins, shortTexts],
  })
}

interface Texts {
  readonly code: string
  readonly map: string
}

function textsOf({ outputFiles = [] }: BuildResult): Texts {
  const [map = '', code = ''] = outputFiles.map(({ text }) => text)
  return { code, map }
}

async function minified(result: BuildResult): Promise<Texts> {
  const { code, map } = textsOf(result)
  const smaller = await minify(code, {
    module: true,
    ecma: 2020,
    compress: { passes: 2 },
    sourceMap: { content: map, filename: 'browser.js' },
  })
  if (smaller.code === undefined) throw new Error('terser gave no code')
  return { code: smaller.code, map: String(smaller.map) }
}

function served({ code, map }: Texts, mapFile: string): ServedModule {
  const text = `${code}\n//# sourceMappingURL=${mapFile}`
  return { code: text, map, zippedBytes: zipped(text).length }
}

/** A name that the chunk takes of a file that the module has too. In what is handed over, its key is its place among them. */
interface SharedName {
  readonly file: string
  readonly name: string
}

/** Reads them off the imports that esbuild has left. */
function sharedIn(code: string): SharedName[] {
  const imports = [...code.matchAll(/^import \{([^}]*)\} from "(lib\/[^"]+)";$/gm)]
  const found = imports.flatMap(([, names = '', file = '']) =>
    names.split(',').map((name) => `${file} ${name.trim().replace(/ as .*/, '')}`),
  )
  return [...new Set(found)].sort().map((each) => {
    const [file = '', name = ''] = each.split(' ')
    return { file, name }
  })
}

const chunkEntry = 'isock-chunk'
const chunkContents = [
  "export { Ledger } from './lib/core/session/ledger.ts'",
  "export { OwnActions } from './lib/core/client/own-actions.ts'",
  "export { dialPort } from './lib/core/link/port-dial.ts'",
].join('\n')
const anyFile = { filter: /^\.\.?\// }

/** The chunk's own files; those of the module are left as imports, or are what is handed over. */
function chunkOver(inMain: ReadonlySet<string>, shared: readonly SharedName[] | 'external'): Plugin {
  return {
    name: 'chunk',
    setup(build) {
      build.onResolve({ filter: /^isock-chunk$/ }, ({ path }) => ({ path, namespace: 'chunk' }))
      build.onLoad({ filter: /.*/, namespace: 'chunk' }, () => ({ resolveDir: root, contents: chunkContents }))
      build.onResolve(anyFile, (args) => {
        if (args.namespace === 'chunk') return undefined
        const file = fileOf(args)
        if (!inMain.has(file)) return { path: join(root, file) }
        return shared === 'external'
          ? { path: file, external: true }
          : { path: file, namespace: 'shared', sideEffects: false }
      })
      build.onLoad({ filter: /.*/, namespace: 'shared' }, ({ path }) => ({
        contents: [...Object.entries(shared)]
          .map(([key, { file, name }]) => (file === path ? `export const ${name} = shared[${key}]` : ''))
          .join('\n'),
      }))
    },
  }
}

/** What loads the chunk, in the place of the modules that load its files one by one. */
function chunkLoader(name: string, shared: readonly SharedName[]): Plugin {
  const imports = shared.map((each, key) => `import { ${each.name} as s${key} } from './${each.file}'`)
  const contents = `${imports.join('\n')}
let loaded
const load = () => loaded ??= import('./${name}').then(
  (chunk) => chunk.default([${shared.map((_, key) => `s${key}`)}]),
  (error) => {
    loaded = undefined
    throw error
  },
)
export { load as loadLedger, load as loadOwnActions, load as loadPortDial }`
  return {
    name: 'chunk-loader',
    setup(build) {
      build.onResolve({ filter: /\/(ledger|own-actions|port-dial)-loader\.ts$/ }, () => ({
        path: 'chunk-loader',
        namespace: 'loader',
      }))
      build.onResolve({ filter: /\/isock-callee-/ }, ({ path }) => ({ path, external: true }))
      build.onLoad({ filter: /.*/, namespace: 'loader' }, () => ({ resolveDir: root, contents }))
    },
  }
}

/** By file, what is there in its place where every kilobyte is loaded: another form, or one that loads it when it is needed. */
const inPlaceOf: Readonly<Record<string, string>> = {
  'lib/core/wire/frames/free-msgpack.ts': 'lib/core/wire/packed/browser-msgpack.ts',
  'lib/core/base/async-context.ts': 'lib/core/base/browser-async-context.ts',
  'lib/core/wire/bytes/spare-memory.ts': 'lib/core/wire/bytes/browser-spare-memory.ts',
  'lib/core/link/spent-memory.ts': 'lib/core/link/browser-spent-memory.ts',
  'lib/core/link/link-holdings.ts': 'lib/core/link/browser-link-holdings.ts',
  'lib/core/client/attempts.ts': 'lib/core/client/browser-attempts.ts',
  'lib/core/session/ledger.ts': 'lib/core/session/browser-ledger.ts',
  'lib/core/client/own-actions.ts': 'lib/core/client/browser-own-actions.ts',
}

/** Shorter texts: hints for mistyped names are for those who write servers, and neither HTTP nor TLS speaks through a WebSocket. */
const inShort: Readonly<Record<string, string>> = {
  'lib/core/base/nearest-names.ts': ['export const nearestNames = () => []', "export const nameHint = () => ''"].join(
    '\n',
  ),
  'lib/core/base/option-messages.ts': [
    "export const notOptions = (label) => label + ': no options'",
    "export const unknownOption = (label, name) => label + ': unknown option ' + name",
    "export const unprotected = (label, name) => label + ': undefined ' + name",
  ].join('\n'),
  // No page has data.
  'lib/core/action/missing-feature.ts': [
    "import { ServerError } from '../base/errors.ts'",
    "export const missingFeature = (what) => new ServerError(what + ': not in a browser', { code: 'INVALID_USAGE' })",
  ].join('\n'),
  // No page has data: `context.db` throws there.
  'lib/core/action/recording.ts': 'export const requireRecorder = () => undefined',
  // A page's own actions keep no keys.
  'lib/core/action/call-key.ts': [
    "import { ServerError } from '../base/errors.ts'",
    "import { invalidOption } from '../base/options.ts'",
    "import { keyEntry } from '../wire/frames/metadata.ts'",
    "import { requireFitting } from './metadata-option.ts'",
    'export const withKey = (metadata, key) => {',
    '  if (key === undefined) return metadata',
    "  if (typeof key !== 'string' || key === '' || key.length > 255) throw invalidOption('key', 'a text of 1 to 255 characters', key)",
    '  return requireFitting({ ...metadata, [keyEntry]: key })',
    '}',
    'export const withoutKey = (metadata) => metadata',
    "export const keyRefusal = ({ metadata }) => metadata?.[keyEntry] === undefined ? undefined : new ServerError('a page keeps no keys', { code: 'INVALID_USAGE', notStarted: true })",
  ].join('\n'),
  // Only servers read HELLO, count what they hold for whom, and adopt sessions.
  'lib/core/wire/frames/hello-reader.ts': [
    "import { ProtocolError } from '../../base/errors.ts'",
    "export const readHello = () => { throw new ProtocolError('HELLO') }",
  ].join('\n'),
  'lib/core/accounting/meter.ts': [
    'export class Meter {',
    '  isClosed = true',
    '  bytes = 0',
    '  change(byBytes) { this.bytes += byBytes }',
    '  set(bytes) { this.bytes = bytes }',
    '  settle() {}',
    '  clear() { this.bytes = 0 }',
    '  close() { this.clear() }',
    '}',
    'export const unaccounted = { meter: () => new Meter() }',
  ].join('\n'),
  'lib/core/session/foreign-calls.ts': 'export class ForeignCalls {}',
  'lib/core/link/foreign-bytes.ts':
    "export const describeForeign = (address) => address.host + ' is not an isock server'",
}

/** Of an import, from the project's directory. */
function fileOf({ path, resolveDir }: { readonly path: string; readonly resolveDir: string }): string {
  const file = relative(root, join(resolveDir, path))
  return inPlaceOf[file] ?? file
}

const substitutes: Plugin = {
  name: 'substitutes',
  setup(build) {
    build.onResolve(anyFile, (args) => ({ path: join(root, fileOf(args)) }))
  },
}

/** What a server of isock never sends: who wrote the page can do nothing about it, and is told the file that noticed it. */
const faultOfPeer = /\b(new ProtocolError|badRequest)\(\s*(?:'[^'\n]*'|`[^`]*`)/g

const shortTexts: Plugin = {
  name: 'short-texts',
  setup(build) {
    build.onLoad({ filter: /\/lib\/.*\.ts$/ }, ({ path }) => {
      const text = inShort[relative(root, path)] ?? readFileSync(path, 'utf8')
      const isOfPeer = /\/(wire|session|link)\//.test(path)
      return { loader: 'ts', contents: isOfPeer ? text.replace(faultOfPeer, `$1('${basename(path, '.ts')}'`) : text }
    })
  },
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { zippedBytes, chunk } = await bundleForBrowsers()
  console.log(`${zippedBytes}, and ${chunk.zippedBytes} when the server calls the page`)
}
