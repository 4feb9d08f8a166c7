// A table's file: written beside its place, from where it is moved when all are whole; read and taken apart into rows.
import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { parse } from 'csv-parse/sync'
import { stringify } from 'csv-stringify/sync'
import { InvalidDataError } from '../../base/data-errors.ts'
import type { FileFormat } from '../data-options.ts'
import type { ModelPlan } from '../plan.ts'
import { type Cell, fromCell, fromJsonValue, toCell, toJsonValue } from './cells.ts'
import type { WaitingFile } from './publish-files.ts'

/** A row as a file has it: by field, undefined where it has no such column. */
export type FileRow = Readonly<Record<string, unknown>>

/** Rows may be large, and a thousand of them no text any more. */
const maxWriteLength = 4 * 1024 * 1024

/** What is larger is no text any more in V8. */
const maxFileBytes = 512 * 1024 * 1024

function nameOf(plan: ModelPlan, format: FileFormat): string {
  return `${plan.name}.${format}`
}

export interface TableFile extends WaitingFile {
  write(rows: readonly FileRow[]): Promise<void>
  /** It is whole, and on the disk, beside its place. */
  end(): Promise<void>
  /** Leaves nothing. */
  discard(): Promise<void>
}

export async function createTableFile(directory: string, plan: ModelPlan, format: FileFormat): Promise<TableFile> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const name = nameOf(plan, format)
  const temporaryName = `${name}.${randomBytes(6).toString('hex')}.tmp`
  const temporary = join(directory, temporaryName)
  // Secret fields are in it.
  const file = await open(temporary, 'wx', 0o600)
  const names = [...plan.fields.keys()]
  let count = 0
  if (format === 'csv') await file.appendFile(`\uFEFF${csvText([names])}`)
  return {
    name,
    temporaryName,
    async write(rows) {
      let text = ''
      for (const row of rows) {
        if (format === 'csv') text += csvText([[...plan.fields].map(([field, spec]) => toCell(row[field], spec))])
        else text += `${count === 0 ? '[\n' : ',\n'}${jsonText(row, names)}`
        count++
        if (text.length < maxWriteLength) continue
        await file.appendFile(text)
        text = ''
      }
      await file.appendFile(text)
    },
    async end() {
      if (format === 'json') await file.appendFile(count === 0 ? '[]\n' : '\n]\n')
      await file.sync()
      await file.close()
    },
    async discard() {
      await file.close().catch(() => undefined)
      await rm(temporary, { force: true })
    },
  }
}

function csvText(records: readonly (readonly Cell[])[]): string {
  // Texts are quoted, so that an empty one is not nothing.
  return stringify(records as Cell[][], { quoted_string: true, record_delimiter: '\r\n' })
}

/** One line for each row, so that a person finds the one that an error names. */
function jsonText(row: FileRow, names: readonly string[]): string {
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, toJsonValue(row[name])])))
}

/**
 * The rows of a table's file, each value checked; undefined where there is no file.
 *
 * @throws InvalidDataError that names the file, the row and the column.
 */
export async function readTableFile(
  directory: string,
  plan: ModelPlan,
  format: FileFormat,
): Promise<FileRow[] | undefined> {
  const path = join(directory, nameOf(plan, format))
  const size = await stat(path).then(
    (found) => found.size,
    (error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return undefined
      throw error
    },
  )
  if (size === undefined) return undefined
  if (size > maxFileBytes) throw broken(path, `it is larger than ${maxFileBytes} bytes`)
  const bytes = await readFile(path)
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw broken(path, 'it is not UTF-8')
  }
  return format === 'csv' ? readCsv(text, path, plan) : readJson(text, path, plan)
}

function readJson(text: string, path: string, plan: ModelPlan): FileRow[] {
  let records: unknown
  try {
    records = JSON.parse(text)
  } catch (error) {
    throw broken(path, faultOfJson(text, error), firstBrokenRow(text))
  }
  if (!Array.isArray(records)) throw broken(path, 'expected a list of rows')
  return records.map((record: unknown, at) => {
    const row = at + 1
    if (typeof record !== 'object' || record === null || Array.isArray(record))
      throw broken(path, `row ${row}: expected an object`, row)
    requireColumns(Object.keys(record), plan, path, row)
    return Object.fromEntries(
      Object.entries(record).map(([field, value]) => {
        const spec = plan.fields.get(field)
        return [field, spec && fromJsonValue(value, spec, { model: plan.name, field, row })]
      }),
    )
  })
}

function readCsv(text: string, path: string, plan: ModelPlan): FileRow[] {
  let records: (string | null)[][]
  try {
    const cast = (value: string, { quoting }: { quoting: boolean }): string | null =>
      value === '' && !quoting ? null : value
    records = parse(text, { bom: true, cast, skip_empty_lines: true, relax_quotes: false }) as (string | null)[][]
  } catch (error) {
    const { message, records: row } = error as { message: string; records?: number }
    throw broken(path, `row ${row ?? '?'}: ${message}`, row)
  }
  const [names, ...lines] = records
  if (names === undefined) throw broken(path, 'it is empty; expected a header with the names of the fields')
  requireColumns(names.map(String), plan, path, undefined)
  return lines.map((cells, at) =>
    Object.fromEntries(
      cells.map((cell, index) => {
        const field = names[index] as string
        const spec = plan.fields.get(field)
        return [field, spec && fromCell(cell, spec, { model: plan.name, field, row: at + 1 })]
      }),
    ),
  )
}

function requireColumns(names: readonly string[], plan: ModelPlan, path: string, row: number | undefined): void {
  const unknown = names.find((name) => !plan.fields.has(name))
  const where = row === undefined ? 'the header' : `row ${row}`
  if (unknown !== undefined) throw broken(path, `${where}, column ${unknown}: ${plan.name} has no such field`, row)
  if (new Set(names).size < names.length) throw broken(path, `${where}: a column comes twice`, row)
}

function faultOfJson(text: string, error: unknown): string {
  const row = firstBrokenRow(text)
  // What V8 quotes of the text may be secret.
  const reason = error instanceof Error ? error.message.replace(/,? (\.\.\.)?".*$/s, '').slice(0, 100) : ''
  return row === undefined ? `no JSON: ${reason}` : `row ${row} (line ${row + 1}) is no JSON: ${reason}`
}

/** As it was written, each row has a line of its own. */
function firstBrokenRow(text: string): number | undefined {
  const lines = text.split('\n')
  for (let at = 1; at < lines.length; at++) {
    const line = (lines[at] as string).trim().replace(/,$/, '')
    if (line === ']' || line === '') continue
    try {
      JSON.parse(line)
    } catch {
      return at
    }
  }
  return undefined
}

function broken(path: string, what: string, row?: number): InvalidDataError {
  return new InvalidDataError(`${path}: ${what}; nothing was loaded`, { row })
}
