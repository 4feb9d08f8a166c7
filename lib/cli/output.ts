// What the commands write: text for people, JSON for programs, and what goes out as it is. Texts of peers and of stores come
// in all of them, so nothing is written to a terminal but through here.
import { once } from 'node:events'
import { type InspectOptions, inspect } from 'node:util'
import { printable, printableJson } from '../core/base/terminal-text.ts'

/** Text for people: control characters are shown, wherever it goes. Waits where the reader of a pipe is slower than we are. */
export function print(text: string, stream?: NodeJS.WriteStream): Promise<void> {
  return printAsIs(printable(text), stream)
}

/** A line of JSON: byte for byte what it is in a pipe or file; on a terminal the same value, with more of it escaped. */
export function printJson(value: object, stream: NodeJS.WriteStream = process.stdout): Promise<void> {
  const line = `${JSON.stringify(value)}\n`
  return printAsIs(stream.isTTY ? printableJson(line) : line, stream)
}

/** What is no terminal's, or what its user wants to be obeyed. */
export async function printAsIs(text: string, stream: NodeJS.WriteStream = process.stdout): Promise<void> {
  if (!stream.write(text) && !stream.destroyed) await once(stream, 'drain')
}

/**
 * A value as Node shows it. Node escapes control characters in texts, but not those in expressions, messages, stacks and names:
 * where there are any, they are shown, and the colors are left out.
 */
export function inspectPrintable(value: unknown, options: InspectOptions): string {
  const plain = inspect(value, { ...options, colors: false })
  const shown = printable(plain)
  return shown === plain && options.colors ? inspect(value, options) : shown
}
