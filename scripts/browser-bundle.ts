// Bundles lib/browser.ts to one minified ES module without a name of Node's, zips it, and says how large it is. Used by the build,
// and by specs and examples that run from the sources.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { brotliCompressSync, constants, gzipSync } from 'node:zlib'
import { build, type Plugin } from 'esbuild'
import { minify } from 'terser'

const root = fileURLToPath(new URL('..', import.meta.url))

/** What a page loads may have, zipped, in bytes. */
export const mostZippedBytes = 59_000

export interface BrowserBundle {
  readonly code: string
  readonly map: string
  readonly zippedBytes: number
}

/** Its name tells it from a map of a page's own, which the web port would hide otherwise. */
const mapName = 'isock-browser.js.map'

/** What `writeForBrowsers` writes, and the package has in dist/. */
export const browserFiles = ['browser.js', 'browser.js.br', 'browser.js.gz', mapName] as const

/** Writes the module as it is served, and as it is published: plain, zipped by gzip and Brotli, and its source map. */
export async function writeForBrowsers(directory: string): Promise<BrowserBundle> {
  const bundle = await bundleForBrowsers()
  const { code, map } = bundle
  writeFileSync(join(directory, 'browser.js'), code)
  writeFileSync(join(directory, mapName), map)
  writeFileSync(join(directory, 'browser.js.gz'), gzipSync(code, { level: 9 }))
  writeFileSync(join(directory, 'browser.js.br'), brotliCompressSync(code, { params: brotli(code) }))
  return bundle
}

function brotli(code: string): Record<number, number> {
  return {
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: code.length,
  }
}

export async function bundleForBrowsers(): Promise<BrowserBundle> {
  const bundled = await build({
    absWorkingDir: root,
    entryPoints: ['lib/browser.ts'],
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    // What is there for Node's sake falls away.
    define: { 'globalThis.process': 'undefined', 'globalThis.Buffer': 'undefined' },
    sourcemap: 'external',
    outfile: 'dist/browser.js',
    write: false,
    plugins: [substitutes],
  })
  const [map = '', code = ''] = bundled.outputFiles.map(({ text }) => text)
  const smaller = await minify(code, {
    module: true,
    ecma: 2020,
    compress: { passes: 2 },
    sourceMap: { content: map, filename: 'browser.js', url: mapName },
  })
  if (smaller.code === undefined) throw new Error('terser gave no code')
  return { code: smaller.code, map: String(smaller.map), zippedBytes: gzipSync(smaller.code, { level: 9 }).length }
}

const nothing = 'export const nearestNames = () => []'
const shortMessages = [
  "export const notOptions = (label) => label + ': no options'",
  "export const unknownOption = (label, name) => label + ': unknown option ' + name",
  "export const unprotected = (label, name) => label + ': undefined ' + name",
].join('\n')

/** A WebSocket was opened by then: neither HTTP nor TLS speaks through it. */
const shortForeign = "export const describeForeign = (address) => address.host + ' is no isock server'"

/** What is there in another, smaller form where every kilobyte is loaded. */
const substitutes: Plugin = {
  name: 'substitutes',
  setup(build) {
    build.onResolve({ filter: /\/free-msgpack\.ts$/ }, () => ({
      path: `${root}lib/core/wire/packed/browser-msgpack.ts`,
    }))
    build.onResolve({ filter: /\/async-context\.ts$/ }, () => ({
      path: `${root}lib/core/base/browser-async-context.ts`,
    }))
    build.onResolve({ filter: /\/spare-memory\.ts$/ }, () => ({
      path: `${root}lib/core/wire/bytes/browser-spare-memory.ts`,
    }))
    build.onResolve({ filter: /\/spent-memory\.ts$/ }, () => ({ path: `${root}lib/core/link/browser-spent-memory.ts` }))
    build.onResolve({ filter: /\/attempts\.ts$/ }, () => ({ path: `${root}lib/core/client/browser-attempts.ts` }))
    // Hints for mistyped names are for those who write servers.
    build.onResolve({ filter: /\/nearest-names\.ts$/ }, () => ({ path: 'nearest-names', namespace: 'nothing' }))
    build.onResolve({ filter: /\/option-messages\.ts$/ }, () => ({ path: 'option-messages', namespace: 'short' }))
    build.onLoad({ filter: /.*/, namespace: 'short' }, () => ({ contents: shortMessages }))
    build.onResolve({ filter: /\/foreign-bytes\.ts$/ }, () => ({ path: 'foreign-bytes', namespace: 'foreign' }))
    build.onLoad({ filter: /.*/, namespace: 'foreign' }, () => ({ contents: shortForeign }))
    build.onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: nothing }))
  },
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log((await bundleForBrowsers()).zippedBytes)
