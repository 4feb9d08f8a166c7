// Where a module is no JavaScript: its file and line. Node's SyntaxError of an ES module says neither, nor which of the imported
// files is meant; it only prints them for an error that nobody catches.
import { spawnSync } from 'node:child_process'
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const timeoutMs = 10_000
const firstLine = /^(?:file:\/\/)?(\/.*|[A-Za-z]:.*):(\d+)$/m

/** As in `/app/actions.js:12`. undefined: it is another error, or cannot be found. Runs no module. */
export function syntaxFaultOf(path: string, error: unknown): string | undefined {
  if (!(error instanceof SyntaxError)) return undefined
  const { stack = '' } = error
  const known = located(stack.slice(0, stack.indexOf('\n')))
  return known ?? (stack.includes('compileSourceTextModule') ? located(compiledAlone(path)) : undefined)
}

/** What a process prints that compiles the module and those that it imports by path, and neither links nor runs any. */
function compiledAlone(path: string): string {
  const args = ['--no-warnings', '--experimental-vm-modules', '--input-type=module', '--eval', program]
  const { href } = pathToFileURL(resolve(path))
  // It needs no variable of the user's; Windows needs this one.
  const env = { SystemRoot: process.env['SystemRoot'] }
  return spawnSync(process.execPath, [...args, href], { encoding: 'utf8', timeout: timeoutMs, env }).stderr ?? ''
}

const program = `
import { existsSync, readFileSync } from 'node:fs'
import { SourceTextModule } from 'node:vm'
const seen = new Set()
function compile(url) {
  if (seen.has(url.href) || !/\\.m?js$/.test(url.pathname) || !existsSync(url)) return
  seen.add(url.href)
  const { dependencySpecifiers } = new SourceTextModule(readFileSync(url, 'utf8'), { identifier: url.href })
  for (const name of dependencySpecifiers) if (/^\\.{0,2}\\//.test(name)) compile(new URL(name, url))
}
compile(new URL(process.argv[1]))
`

function located(text: string): string | undefined {
  const [, file, line] = firstLine.exec(text) ?? []
  return file === undefined ? undefined : `${decodeURI(file)}:${line}`
}
