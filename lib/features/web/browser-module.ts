// Serves the client's module for browsers, as the build has written it: zipped to those who take that, what it loads later and the
// source maps beside it, and for a year what has the hash of its content in its address.
import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ClientError } from '../../core/base/errors.ts'
import { storedCodings, wantedCodings } from './content-coding.ts'
import type { MountedGateway } from './gateway.ts'
import { isReading, longestStallMs, sendFile } from './sent-file.ts'

const moduleName = 'browser.js'
/** As the module names it. A page's own `browser.js` may have a map of that name. */
const mapName = 'isock-browser.js.map'
/** What the module loads when it is first needed, from beside where it is. */
const chunkName = /^isock-callee-\w+\.js(\.map)?$/

export interface BrowserModule extends MountedGateway {
  /** Path and query. What is there is always the same, so browsers never ask for it again. */
  readonly lastingPath: string
}

/** Serves the one in dist/ at a path. Throws ClientError (`INVALID_OPTION`) where it is not there. */
export function browserModule(path: string): BrowserModule {
  // In a bundle of CommonJS there is no URL.
  const here: string | undefined = import.meta.url
  const places = here === undefined ? [] : ['../..', '../../../dist']
  const directories = places.map((place) => fileURLToPath(new URL(place, here)))
  const directory = directories.find((each) => existsSync(join(each, moduleName)))
  if (directory === undefined) {
    throw new ClientError(
      'option browserModule: the module for browsers is not beside this code: run npm run build; a server that is bundled leaves isock external, or has dist/browser.js among its static files',
      { code: 'INVALID_OPTION' },
    )
  }
  return browserModuleIn(directory, path)
}

/** Serves the one in this directory. */
export function browserModuleIn(directory: string, path: string): BrowserModule {
  const file = join(directory, moduleName)
  const version = createHash('sha256').update(readFileSync(file)).digest('base64url').slice(0, 16)
  const beside = path.slice(0, path.lastIndexOf('/') + 1)
  const served = new Map([[path, formsOf(file)]])
  for (const name of readdirSync(directory))
    if (name === mapName || chunkName.test(name)) served.set(beside + name, formsOf(join(directory, name)))
  return {
    lastingPath: `${path}?v=${version}`,
    onRequest({ request, url }, response) {
      const found = served.get(url.pathname)
      if (found === undefined || !isReading(request.method)) return false
      const wanted = wantedCodings(request.headers['accept-encoding'])
      const coded = wanted.flatMap(({ coding }) => found.forms.find((form) => form.coding === coding) ?? [])[0]
      // Of another version: what is here now is not what that address will always have.
      const isImmutable =
        url.pathname === path
          ? url.searchParams.get('v') === version
          : chunkName.test(url.pathname.slice(beside.length))
      sendFile(
        request,
        response,
        { file: found.file, coded, hasCodings: found.forms.length > 0, isImmutable },
        longestStallMs,
      )
      return true
    },
    close: async () => undefined,
  }
}

/** A file, with its compressed forms. */
function formsOf(file: string): {
  file: string
  forms: { coding: (typeof storedCodings)[number]['coding']; file: string }[]
} {
  const forms = storedCodings.map(({ coding, suffix }) => ({ coding, file: `${file}${suffix}` }))
  return { file, forms: forms.filter((form) => existsSync(form.file)) }
}
