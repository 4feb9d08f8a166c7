// A JavaScript prompt: the result of a statement is awaited, and then shown, before the next one runs.
import { once } from 'node:events'
import { Recoverable, start } from 'node:repl'
import { Script } from 'node:vm'
import { inspectPrintable } from './output.ts'

/** Settles when the user has left, and the last statement has ended. */
export async function openShell(names: object): Promise<void> {
  let last: Promise<void> = Promise.resolve()
  const shell = start({
    prompt: process.stdin.isTTY ? 'isock> ' : '',
    ignoreUndefined: true,
    // The values in a store are untrusted.
    writer: (value: unknown) => inspectPrintable(value, { colors: process.stdout.isTTY && process.stdout.hasColors() }),
    // A filter would not accept objects of another global as plain.
    useGlobal: true,
    eval: (code, _context, _file, callback) => {
      last = last.then(async () => {
        let shown: unknown
        try {
          shown = await valueOfCode(code)
        } catch (error) {
          return callback(error instanceof Error ? error : new Error(String(error)), undefined)
        }
        callback(null, shown)
      })
    },
  })
  Object.assign(shell.context, names)
  await once(shell, 'exit')
  await last
}

async function valueOfCode(code: string): Promise<unknown> {
  const candidates = /\bawait\b/.test(code) ? [`(async () => (${code}\n))()`, `(async () => {${code}\n})()`] : [code]
  const script =
    candidates.map(compiled).find((each) => each instanceof Script) ?? compiled(candidates.at(-1) as string)
  if (script instanceof Script) return script.runInThisContext()
  throw /Unexpected end of input|Unterminated template|missing \)/.test(script.message)
    ? new Recoverable(script)
    : script
}

function compiled(code: string): Script | SyntaxError {
  try {
    return new Script(code, { filename: 'isock data shell' })
  } catch (error) {
    return error as SyntaxError
  }
}
