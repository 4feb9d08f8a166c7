// The logger that isock needs; pino and console both fit. Without one, errors and warnings go to the console, and nothing
// else is printed.
import { printable } from './terminal-text.ts'

/** A structured logger: fields first, then the message, as pino takes them. */
export interface Logger {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const ignore = (): void => undefined

export const silentLogger: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore }

/** Errors logged individually within `windowMs`: a hostile client may cause more than a disk can hold. */
export const mostErrors = 20
export const windowMs = 10_000

/** How many different warnings are printed when no logger is given. */
export const mostWarnings = 100

/**
 * The default logger. Prints errors with their stacks on standard error (a browser's console), at most {@link mostErrors}
 * within {@link windowMs}; each warning once, at most {@link mostWarnings}; nothing else. `report`, such as a page's
 * `reportError`, receives thrown errors instead of the console.
 */
export function consoleLogger(now: () => number, report?: (error: unknown) => void): Logger {
  const { console } = globalThis
  const printBy =
    (how: 'warn' | 'error') =>
    (fields: object, message: string): void =>
      report !== undefined && how === 'error' && 'error' in fields
        ? report(fields.error)
        : console[how](printable(textOf(fields, message)))
  return boundedErrors({ ...silentLogger, warn: onceEach(printBy('warn'), mostWarnings), error: printBy('error') }, now)
}

/** Logs each message only the first time, and logs a last line when its memory is full. */
export function onceEach(log: Logger['warn'], most: number): Logger['warn'] {
  const logged = new Set<string>()
  return (fields, message) => {
    if (logged.size >= most || logged.has(message)) return
    logged.add(message)
    log(fields, message)
    if (logged.size === most)
      log({}, `${most} different warnings: no more are printed; set the option "log" to see all`)
  }
}

/** The same logger; its errors beyond {@link mostErrors} within {@link windowMs} are logged as `debug`. */
export function boundedErrors(log: Logger, now: () => number): Logger {
  let windowStart = Number.NEGATIVE_INFINITY
  let count = 0
  const error = (fields: object, message: string): void => {
    if (now() - windowStart >= windowMs) {
      const dropped = count - mostErrors
      windowStart = now()
      count = 0
      if (dropped > 0) log.error({ dropped }, `${dropped} more errors were logged as debug`)
    }
    count++
    if (count <= mostErrors) log.error(fields, message)
    else log.debug(fields, message)
    if (count === mostErrors)
      log.error({}, `${mostErrors} errors within ${windowMs / 1000} s: further ones are counted, and logged as debug`)
  }
  return {
    debug: (fields, message) => log.debug(fields, message),
    info: (fields, message) => log.info(fields, message),
    warn: (fields, message) => log.warn(fields, message),
    error,
  }
}

/** A logger that adds fields to each line. A text in the place of fields, as console takes it, is the message. */
export function withFields(log: Logger, fields: object): Logger {
  if (log === silentLogger) return log
  const writer =
    (level: keyof Logger) =>
    (more: object | string, message?: string): void =>
      typeof more === 'string' ? log[level](fields, more) : log[level]({ ...fields, ...more }, message as string)
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') }
}

/** `isock: task "cleanup" failed` and the error's stack. */
function textOf(fields: object, message: string): string {
  const { error, errorId } = fields as { readonly error?: unknown; readonly errorId?: unknown }
  const id = errorId === undefined ? '' : ` (error ${String(errorId)})`
  return `isock: ${message}${id}${error === undefined ? '' : `\n${stackOf(error)}`}`
}

/** With its causes: their lines are the ones a reader looks for. */
function stackOf(error: unknown, depth = 4): string {
  if (!(error instanceof Error)) return String(error)
  // A stack begins with the error's name, which a class inherits from Error if it sets none.
  const own = String(error.stack ?? error).replace(/^Error(?=:|\n|$)/, () => error.constructor?.name || 'Error')
  return error.cause === undefined || depth === 0 ? own : `${own}\ncaused by: ${stackOf(error.cause, depth - 1)}`
}
