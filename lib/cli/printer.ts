// The printing of values and errors: for people, or as JSON lines for programs.
import { type InspectOptions, inspect } from 'node:util'
import { IsockError, RemoteError, ValidationError } from '../core/base/errors.ts'
import { remoteOf } from '../core/base/remote.ts'
import { printable } from '../core/base/terminal-text.ts'
import { isBareBytes } from '../core/wire/rich/binary-values.ts'
import { ClassRegistry } from '../core/wire/rich/class-registry.ts'
import { RichFormat } from '../core/wire/rich/rich-format.ts'
import { defaultValueLimits } from '../core/wire/values/value-limits.ts'
import { inspectPrintable, print, printAsIs, printJson } from './output.ts'

/** Prints the items, result or error of a call. */
export interface Printer {
  item(value: unknown): Promise<void>
  result(value: unknown): Promise<void>
  /** Prints the error that the action threw. */
  error(error: unknown): Promise<void>
}

const mostShownBytes = 16

/**
 * Prints text unchanged, of bytes their number and the first ones, other values in Node's form. On a terminal, control characters
 * are shown as escapes, unless `isRaw`; a pipe or a file gets exactly the text that the action returned. `isRaw` writes bytes as
 * they are.
 */
export class HumanPrinter implements Printer {
  readonly #isRaw: boolean

  constructor(isRaw = false) {
    this.#isRaw = isRaw
  }

  async item(value: unknown): Promise<void> {
    if (isBareBytes(value)) await printAsIs(this.#isRaw ? value : shortBytes(value))
    else if (this.#isRaw || !process.stdout.isTTY)
      await printAsIs(`${typeof value === 'string' ? value : inspect(value, shape())}\n`)
    else await printAsIs(`${typeof value === 'string' ? printable(value) : inspectPrintable(value, shape())}\n`)
  }

  async result(value: unknown): Promise<void> {
    if (value !== undefined) await this.item(value)
  }

  async error(error: unknown): Promise<void> {
    await print(describeThrown(error), process.stderr)
  }
}

/** `{"kind", "json", "meta", "bytes"}` on each line: superjson's json and meta, and bytes in base64. */
export class JsonPrinter implements Printer {
  readonly #format = new RichFormat(new ClassRegistry(), defaultValueLimits)

  async item(value: unknown): Promise<void> {
    await printJson(this.#line('item', value))
  }

  async result(value: unknown): Promise<void> {
    await printJson(this.#line('result', value))
  }

  async error(error: unknown): Promise<void> {
    const { name, message, code, fields } = partsOf(error)
    const hasFields = typeof fields !== 'object' || fields === null || Object.keys(fields).length > 0
    const line = { kind: 'error', name, message, code, ...(hasFields ? this.#parts(fields) : {}) }
    await printJson(line, process.stderr)
  }

  #line(kind: string, value: unknown): object {
    return { kind, ...this.#parts(value) }
  }

  #parts(value: unknown): Record<string, unknown> {
    if (value === undefined) return {}
    if (isBareBytes(value)) return { bytes: [base64(value)] }
    const payload = this.#format.encode(value, 'value', {})
    if (typeof payload === 'string') return { json: JSON.parse(payload) as unknown }
    const { json, meta, bytes } = payload
    return {
      json: JSON.parse(json) as unknown,
      meta: JSON.parse(meta) as unknown,
      ...(bytes.length > 0 ? { bytes: bytes.map(base64) } : {}),
    }
  }
}

function shortBytes(bytes: Uint8Array): string {
  const first = [...bytes.subarray(0, mostShownBytes)].map((byte) => byte.toString(16).padStart(2, '0'))
  const shown = first.length === 0 ? '' : `: ${first.join(' ')}${bytes.length > mostShownBytes ? ' ...' : ''}`
  return `${bytes.length} bytes${shown} (--raw writes them as they are)\n`
}

/** Values are not truncated. */
function shape(): InspectOptions {
  return {
    depth: Number.POSITIVE_INFINITY,
    maxArrayLength: Number.POSITIVE_INFINITY,
    maxStringLength: Number.POSITIVE_INFINITY,
    breakLength: process.stdout.columns ?? 80,
    colors: process.stdout.hasColors?.() ?? false,
  }
}

function describeThrown(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${inspect(error)}\n`
  const { name, message, code, fields } = partsOf(error)
  const lines = [`${name}: ${message}`]
  if (code !== undefined) lines.push(`  code: ${code}`)
  for (const [key, value] of Object.entries(fields as object)) lines.push(`  ${key}: ${inspect(value)}`)
  if (error instanceof ValidationError) {
    const issues = error.issues.map(({ path, message: fault }) =>
      path?.length ? `${path.join('.')}: ${fault}` : fault,
    )
    // The message has the first one already.
    for (const issue of issues) if (!message.includes(issue)) lines.push(`  ${issue}`)
  }
  // An undeclared error is in the server's log, with its stack.
  const remote = error instanceof IsockError ? undefined : remoteOf(error)
  if (remote !== undefined) lines.push(`  errorId: ${remote.errorId} (in the server's log)`)
  if (error.cause instanceof Error) lines.push(`  cause: ${error.cause.name}: ${error.cause.message}`)
  return `${lines.join('\n')}\n`
}

interface ErrorParts {
  readonly name: string
  readonly message: string
  readonly code: string | undefined
  readonly fields: unknown
}

function partsOf(error: unknown): ErrorParts {
  if (!(error instanceof Error)) return { name: 'thrown', message: inspect(error), code: undefined, fields: error }
  const own = error instanceof RemoteError ? error.data : { ...error }
  // `code` has a line of its own; notStarted is for retries only; issues are printed one by one.
  const { code, notStarted: _notStarted, data: _data, issues: _issues, ...fields } = own as Record<string, unknown>
  const known = error instanceof IsockError ? error.code : code
  return {
    name: error.name,
    message: error.message,
    code: known === undefined || known === 'REMOTE_ERROR' ? undefined : String(known),
    fields: error instanceof ValidationError ? { ...fields, issues: error.issues } : fields,
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
