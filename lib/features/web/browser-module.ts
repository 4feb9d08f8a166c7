// Serves the client's module for browsers, as the build has written it: zipped to those who take that, what it loads later and the
// source maps beside it, and for a year what has the hash of its content in its address.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClientError } from '../../core/base/errors.ts'
import { storedCodings } from './content-coding.ts'
import type { MountedGateway } from './gateway.ts'
import { type KeptFile, keptFile, sendKept } from './kept-file.ts'

const moduleName = 'browser.js'
/** As the module names it. A page's own `browser.js` may have a map of that name. */
const mapName = 'isock-browser.js.map'
/** What the module loads when it is first needed, from beside where it is. */
const chunkName = /^isock-callee-\w+\.js(\.map)?$/
const compressed = /\.(br|gz)$/
const reading = ['GET', 'HEAD']

export interface BrowserModule extends MountedGateway {
  /** Path and query. The content there never changes, so browsers never ask for it again. */
  readonly lastingPath: string
}

/** Serves the module in dist/ at a path. Throws ClientError (`INVALID_OPTION`) where it is missing. */
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
      // Of another version: what is here now is not what that address will always have.
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

/** With its compressed forms. Of a map there is only one, as it is large. */
function fileIn(directory: string, name: string): KeptFile {
  const file = join(directory, name)
  const forms = storedCodings
    .map(({ coding, suffix }) => ({ coding, file: `${file}${suffix}` }))
    .filter((form) => existsSync(form.file))
    .map((form) => [form.coding, readFileSync(form.file)] as const)
  const type = `${name.endsWith('.map') ? 'application/json' : 'text/javascript'}; charset=utf-8`
  return keptFile(type, new Map(forms), existsSync(file) ? readFileSync(file) : undefined)
}
