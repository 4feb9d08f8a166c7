// Writes a table's file: beside its place, to which it is moved once all are complete.
import { randomBytes } from 'node:crypto'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { withPackages } from '../../../core/base/optional-packages.ts'
import type { FileFormat } from '../data-options.ts'
import type { FieldSpec } from '../field.ts'
import type { ModelPlan } from '../plan.ts'
import { type Cell, toCell, toJsonValue } from './cells.ts'
import type { WaitingFile } from './publish-files.ts'

/** A row as in a file, by field. */
type FileRow = Readonly<Record<string, unknown>>

/** Bounded, because rows may be large: a thousand may exceed the longest text. */
const maxWriteLength = 4 * 1024 * 1024

export function nameOfFile(plan: ModelPlan, format: FileFormat): string {
  return `${plan.name}.${format}`
}

export interface TableFile extends WaitingFile {
  /** Returns the number of characters written. */
  write(rows: readonly FileRow[]): Promise<number>
  /** Completes the file, on disk, beside its place. */
  end(): Promise<void>
  /** Removes the file. */
  discard(): Promise<void>
}

export async function createTableFile(directory: string, plan: ModelPlan, format: FileFormat): Promise<TableFile> {
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const name = nameOfFile(plan, format)
  const temporaryName = `${name}.${randomBytes(6).toString('hex')}.tmp`
  const temporary = join(directory, temporaryName)
  // It contains secret fields.
  const file = await open(temporary, 'wx', 0o600)
  const fields = [...plan.fields]
  const csvText = format === 'csv' ? await csvWriter() : () => ''
  let count = 0
  let header = format === 'csv' ? `\uFEFF${csvText([fields.map(([field]) => field)])}` : ''
  return {
    name,
    temporaryName,
    async write(rows) {
      let text = header
      let length = 0
      header = ''
      for (const row of rows) {
        if (format === 'csv') text += csvText([fields.map(([field, spec]) => toCell(row[field], spec))])
        else text += `${count === 0 ? '[\n' : ',\n'}${jsonText(row, fields)}`
        count++
        if (text.length < maxWriteLength) continue
        await file.appendFile(text)
        length += text.length
        text = ''
      }
      await file.appendFile(text)
      return length + text.length
    },
    async end() {
      await file.appendFile(format === 'csv' ? header : count === 0 ? '[]\n' : '\n]\n')
      await file.sync()
      await file.close()
    },
    async discard() {
      await file.close().catch(() => undefined)
      await rm(temporary, { force: true })
    },
  }
}

async function csvWriter(): Promise<(records: readonly (readonly Cell[])[]) => string> {
  const { stringify } = await withPackages('a CSV file', ['csv-stringify'], () => import('csv-stringify/sync'))
  // Texts are quoted, so that an empty one differs from null.
  return (records) => stringify(records as Cell[][], { quoted_string: true, record_delimiter: '\r\n' })
}

/** One line per row, so that a person finds the row that an error names. */
function jsonText(row: FileRow, fields: readonly (readonly [string, FieldSpec])[]): string {
  return JSON.stringify(Object.fromEntries(fields.map(([field, spec]) => [field, toJsonValue(row[field], spec)])))
}
