// The output of modules, redirected into the log line by line: a daemon has no terminal.
import type { Logger } from '../core/base/log.ts'
import { nextTick } from '../core/base/platform-timers.ts'

/** A longer line is truncated. */
const maxLineLength = 16 * 1024

/** Captures standard output and error of this process permanently. */
export function captureOutput(log: Logger): void {
  capture(process.stdout, (text) => log.info({ stream: 'stdout' }, text))
  capture(process.stderr, (text) => log.warn({ stream: 'stderr' }, text))
}

function capture(stream: NodeJS.WriteStream, onLine: (text: string) => void): void {
  let rest = ''
  const take = (chunk: string | Uint8Array): void => {
    const lines = (rest + (typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8'))).split('\n')
    rest = (lines.pop() ?? '').slice(0, maxLineLength)
    for (const line of lines) if (line !== '') onLine(line.slice(0, maxLineLength))
  }
  stream.write = (chunk: string | Uint8Array, ...more: unknown[]): boolean => {
    take(chunk)
    const onWritten = more.find((each) => typeof each === 'function') as (() => void) | undefined
    if (onWritten !== undefined) nextTick(onWritten)
    return true
  }
}
