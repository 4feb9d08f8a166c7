// Serves the client's module for browsers as built: compressed for clients that accept it, with the chunks it loads later and its
// source maps. URLs with a content hash may be cached for a year.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClientError } from '../../core/base/errors.ts'
import { storedCodings } from './content-coding.ts'
import type { MountedGateway } from './gateway.ts'
import { type KeptFile, keptFile, sendKept } from './kept-file.ts'

const moduleName = 'browser.js'
/** The map's name in the module. Not the default, which the map of a page's own `browser.js` may have. */
const mapName = 'isock-browser.js.map'
/** The chunks that the module loads on first use, from its own directory. */
const chunkName = /^isock-callee-\w+\.js(\.map)?$/
const compressed = /\.(br|gz)$/
const reading = ['GET', 'HEAD']

export interface BrowserModule extends MountedGateway {
  /** Path and query of content that never changes, so that browsers never request it again. */
  readonly lastingPath: string
}

/** Serves the module in dist/ at a path. Throws ClientError (`INVALID_OPTION`) if it is missing. */
export function browserModule(path: string): BrowserModule {
  // Undefined in a CommonJS bundle.
  const here: string | undefined = import.meta.url
  const places = here === undefined ? [] : ['../..', '../../../dist']
  const directories = places.map((place) => fileURLToPath(new URL(place, here)))
  const directory = directories.find((each) => existsSync(join(each, moduleName)))
  if (directory === undefined) {
    throw new ClientError(
      'option browserModule: the module for browsers is missing; run npm run build. A bundled server keeps isock external, or has dist/browser.js among its static files',
      { code: 'INVALID_OPTION' },
    )
  }
  return browserModuleIn(directory, path)
}

/** Serves the module in this directory. */
export function browserModuleIn(directory: string, path: string): BrowserModule {
  const beside = path.slice(0, path.lastIndexOf('/') + 1)
  const main = fileIn(directory, moduleName)
  const served = new Map([[path, main]])
  for (const name of new Set(readdirSync(directory).map((each) => each.replace(compressed, ''))))
    if (name === mapName || chunkName.test(name)) served.set(beside + name, fileIn(directory, name))
  return {
    lastingPath: `${path}?v=${main.version}`,
    onRequest({ request, url }, response) {
      const file = served.get(url.pathname)
      if (file === undefined || !reading.includes(request.method ?? '')) return false
      // A URL with the hash of another version must not be cached with the current content.
      const isLasting =
        url.pathname === path
          ? url.searchParams.get('v') === main.version
          : chunkName.test(url.pathname.slice(beside.length))
      sendKept(request, response, file, isLasting)
      return true
    },
    close: async () => undefined,
  }
}

/** A file with its compressed forms. A map has only one, because it is large. */
function fileIn(directory: string, name: string): KeptFile {
  const file = join(directory, name)
  const forms = storedCodings
    .map(({ coding, suffix }) => ({ coding, file: `${file}${suffix}` }))
    .filter((form) => existsSync(form.file))
    .map((form) => [form.coding, readFileSync(form.file)] as const)
  const type = `${name.endsWith('.map') ? 'application/json' : 'text/javascript'}; charset=utf-8`
  return keptFile(type, new Map(forms), existsSync(file) ? readFileSync(file) : undefined)
}
