// A logger that writes one line of JSON for each entry, as pino does: `{"level":"info","time":"...","addresses":[...],"msg":"listening"}`.
// Leaves the destination of the lines to their target.
import type { Logger } from '../core/base/log.ts'

/** The log levels, most verbose first. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const

export type JsonLogLevel = (typeof logLevels)[number]

/** A `Logger` with a level for the last entry before a process ends. */
export interface JsonLogger extends Logger {
  fatal(fields: object, message: string): void
}

/** Receives the lines, each with its line feed. */
export interface LineTarget {
  write(line: string): void
}

/** `base`: fields for every line. Entries below `level` are dropped. */
export function jsonLogger(level: string, target: LineTarget, base: object = {}): JsonLogger {
  const least = logLevels.indexOf(level as JsonLogLevel)
  const writer = (name: JsonLogLevel) => {
    if (logLevels.indexOf(name) < least) return () => undefined
    return (fields: object, msg: string): void => {
      const time = new Date().toISOString()
      target.write(`${jsonOf({ level: name, time, ...base, ...fields, msg })}\n`)
    }
  }
  return {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    fatal: writer('fatal'),
  }
}

/** Never throws: a value that JSON cannot represent is replaced. */
function jsonOf(entry: object): string {
  /** The enclosing objects of the value, each with its replacement. */
  const around: { readonly given: object; readonly shown: object }[] = []
  try {
    return JSON.stringify(entry, function (this: unknown, _key, value: unknown) {
      while (around.length > 0 && around.at(-1)?.shown !== this) around.pop()
      if (typeof value === 'bigint') return String(value)
      if (typeof value !== 'object' || value === null) return value
      if (around.some(({ given }) => given === value)) return '[circular]'
      const shown = value instanceof Error ? fieldsOf(value) : value
      around.push({ given: value, shown })
      return shown
    })
  } catch (error) {
    const { level, time, msg } = entry as Record<string, unknown>
    return JSON.stringify({ level, time, unprintable: String(error), msg })
  }
}

/** The fields of an error, which JSON.stringify would omit. */
function fieldsOf(error: Error): object {
  const { name, message, stack, cause } = error
  return { ...error, type: name, message, stack, ...(cause === undefined ? {} : { cause }) }
}
