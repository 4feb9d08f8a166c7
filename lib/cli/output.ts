// The output of the commands: text for people, JSON for programs, and raw text. All may contain untrusted text from peers and
// stores, so everything written to a terminal passes through here.
import { once } from 'node:events'
import { type InspectOptions, inspect } from 'node:util'
import { printable, printableJson } from '../core/base/terminal-text.ts'

/** Text for people: control characters are shown as escapes, on every kind of output. Waits for a slow reader of a pipe. */
export function print(text: string, stream?: NodeJS.WriteStream): Promise<void> {
  return printAsIs(printable(text), stream)
}

/** A line of JSON: unchanged in a pipe or file; on a terminal the same value with control characters escaped. */
export function printJson(value: object, stream: NodeJS.WriteStream = process.stdout): Promise<void> {
  const line = `${JSON.stringify(value)}\n`
  return printAsIs(stream.isTTY ? printableJson(line) : line, stream)
}

/** Raw text or bytes: for a pipe or file, or if the user wants control characters to take effect. */
export async function printAsIs(text: string | Uint8Array, stream: NodeJS.WriteStream = process.stdout): Promise<void> {
  if (!stream.write(text) && !stream.destroyed) await once(stream, 'drain')
}

/**
 * A value in Node's form. Node escapes control characters in strings, but not in regular expressions, messages, stacks and
 * names: if there are any, they are shown as escapes, without colors.
 */
export function inspectPrintable(value: unknown, options: InspectOptions): string {
  const plain = inspect(value, { ...options, colors: false })
  const shown = printable(plain)
  return shown === plain && options.colors ? inspect(value, options) : shown
}
