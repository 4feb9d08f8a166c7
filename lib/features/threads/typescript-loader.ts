// Which tsx reads TypeScript for this process, so that its threads can read it too: tsx leaves threads alone on some versions of
// Node, and the package of a shared module may have no tsx of its own.
import { createRequire } from 'node:module'
import { isAbsolute, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** On the global object: a program may have two copies of this module. */
const noted = Symbol.for('isock.typescript-loader')
type Globals = { [noted]?: string }

/** tsx was imported into this process, from this URL. */
export function noteTypeScriptLoader(url: string): void {
  ;(globalThis as Globals)[noted] = url
}

/** The URL of what reads TypeScript here; undefined: nobody but Node itself. */
export function typeScriptLoader(
  args: readonly string[] = [...process.execArgv, ...(process.env['NODE_OPTIONS'] ?? '').split(/\s+/)],
): string | undefined {
  return (globalThis as Globals)[noted] ?? loaderIn(args)
}

/** As in `--import tsx`, which `npx tsx` gives as a path. */
function loaderIn(args: readonly string[]): string | undefined {
  for (const [i, arg] of args.entries()) {
    const [name, value = args[i + 1]] = arg.split('=', 2)
    if (!/^--(import|loader|experimental-loader)$/.test(name ?? '') || value === undefined) continue
    if (!/(^|[\\/])tsx([\\/]|$)/.test(value)) continue
    if (value.startsWith('file:')) return value
    return pathToFileURL(isAbsolute(value) ? value : resolved(value)).href
  }
  return undefined
}

/** From where the program was started, as Node does. */
function resolved(name: string): string {
  return createRequire(join(process.cwd(), 'package.json')).resolve(name)
}
