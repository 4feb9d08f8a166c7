// The program's main module: the one that Node was started with. A thread that imports it runs the program again.
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import { sep } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

/** Extensions that Node and TypeScript loaders add or replace: `node main` and `tsx main.js` run `main.ts`. */
const extension = /(\.[cm]?[jt]sx?)?$/

/** True for the URL of the main module, however it is written: by links, with a query, with another extension. */
export function isProgram(url: string): boolean {
  const program = process.argv[1]
  if (program === undefined) return false
  const asked = realPath(withoutQuery(url))
  return asked !== undefined && candidatesOf(program).has(stem(asked))
}

/** Paths without extensions: of one folder, `main.ts` and `main.js` are one module, written and compiled. */
function candidatesOf(program: string): ReadonlySet<string> {
  const found = [program, resolved(program), `${program}${sep}index`]
  return new Set(found.flatMap((path) => (path === undefined ? [] : [stem(path), stem(realPath(path) ?? path)])))
}

/** Resolved like `require`: a folder's main module, a file without its extension. */
function resolved(program: string): string | undefined {
  try {
    return createRequire(import.meta.url).resolve(program)
  } catch {
    return undefined
  }
}

/** undefined: there is no such file. */
function realPath(given: string): string | undefined {
  try {
    const path = given.startsWith('file:') ? fileURLToPath(given) : given
    return realExisting(path)
  } catch {
    return undefined
  }
}

function realExisting(path: string): string {
  for (const end of ['', '.ts', '.js', '.mts', '.mjs', '.cts', '.cjs', '.tsx']) {
    try {
      return realpathSync(`${path}${end}`)
    } catch {
      // Perhaps with another extension.
    }
  }
  return path
}

function withoutQuery(url: string): string {
  if (!url.startsWith('file:')) return pathToFileURL(url).href
  const { href, search, hash } = new URL(url)
  return href.slice(0, href.length - search.length - hash.length)
}

function stem(path: string): string {
  return path.replace(extension, '')
}
