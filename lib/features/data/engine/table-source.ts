// A table's open file, which can be read row by row, repeatedly: always the same file, even if a save replaces it
// meanwhile. Holds one row, and the text around it.
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { TextDecoder } from 'node:util'
import { isComputed, keepComputed } from '../computed.ts'
import { InvalidDataError } from '../data-errors.ts'
import type { FileFormat } from '../data-options.ts'
import type { ModelPlan, Row } from '../plan.ts'
import { fromCell, fromJsonValue } from './cells.ts'
import { csvRows } from './csv-rows.ts'
import { type Broken, jsonRows } from './json-rows.ts'
import { nameOfFile } from './table-files.ts'

/** A row as in a file: by field, undefined for a missing column. */
type FileRow = Readonly<Record<string, unknown>>

export interface ReadRow {
  readonly row: Row
  /** Its approximate number of characters. */
  readonly length: number
}

const bytesAtOnce = 256 * 1024

/** The most ignored names recorded: a file may have a new one in each row. */
const maxIgnored = 1_000
const maxNameLength = 200

interface TableSourceOptions {
  readonly format: FileFormat
  /** Leaves out columns without a field. */
  readonly ignoresUnknown: boolean
}

export class TableSource {
  readonly plan: ModelPlan
  /** The file's name in its directory. */
  readonly file: string
  /** The columns without a field, in the part read so far. */
  readonly ignoredColumns = new Set<string>()
  readonly #path: string
  readonly #options: TableSourceOptions
  readonly #file: FileHandle
  /** Its state when it was first read. */
  #state: string | undefined

  private constructor(plan: ModelPlan, path: string, options: TableSourceOptions, file: FileHandle) {
    this.plan = plan
    this.file = nameOfFile(plan, options.format)
    this.#path = path
    this.#options = options
    this.#file = file
  }

  /** Undefined if there is no file. */
  static async open(directory: string, plan: ModelPlan, options: TableSourceOptions): Promise<TableSource | undefined> {
    const path = join(directory, nameOfFile(plan, options.format))
    try {
      return new TableSource(plan, path, options, await open(path, 'r'))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }

  /**
   * The rows as stored: they are not transformed again.
   *
   * @throws InvalidDataError that names the file, the row and the column.
   */
  async *rows(): AsyncGenerator<ReadRow, void> {
    this.#state ??= await stateOf(this.#file)
    let at = 0
    const records = this.#options.format === 'csv' ? this.#csvRecords() : this.#jsonRecords()
    for await (const { record, length } of records) yield { row: this.#rowOf(record, ++at), length }
  }

  /** @throws InvalidDataError if the file was changed since it was first read. */
  async requireUnchanged(): Promise<void> {
    if ((await stateOf(this.#file)) !== this.#state) throw this.#broken('it was changed while it was read')
  }

  close(): Promise<void> {
    return this.#file.close()
  }

  async *#jsonRecords(): AsyncGenerator<{ readonly record: FileRow; readonly length: number }> {
    const { plan } = this
    let row = 0
    for await (const { value, length } of jsonRows(this.#texts(), this.#broken)) {
      row++
      if (typeof value !== 'object' || value === null || Array.isArray(value))
        throw this.#broken(`row ${row}: expected an object`, row)
      const record: Record<string, unknown> = {}
      for (const [field, item] of Object.entries(value)) {
        const spec = plan.fields.get(field)
        if (spec === undefined) this.#ignore(field, row)
        if (spec === undefined || isComputed(spec)) continue
        record[field] = fromJsonValue(item, spec, { model: plan.name, field, row })
      }
      yield { record, length }
    }
  }

  async *#csvRecords(): AsyncGenerator<{ readonly record: FileRow; readonly length: number }> {
    const { plan } = this
    let names: readonly string[] | undefined
    let row = 0
    for await (const cells of csvRows(this.#bytes(), this.#broken)) {
      if (names === undefined) {
        names = this.#requireHeader(cells.map((cell) => cell ?? ''))
        continue
      }
      row++
      const record: Record<string, unknown> = {}
      let length = 0
      for (const [index, field] of names.entries()) {
        const spec = plan.fields.get(field)
        const cell = cells[index] ?? null
        length += cell?.length ?? 0
        if (spec !== undefined && !isComputed(spec))
          record[field] = fromCell(cell, spec, { model: plan.name, field, row })
      }
      yield { record, length }
    }
    if (names === undefined) throw this.#broken('it is empty; expected a header with the names of the fields')
  }

  async *#bytes(): AsyncGenerator<Uint8Array> {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    for await (const bytes of this.#chunks()) {
      this.#decoded(decoder, bytes)
      yield bytes
    }
    this.#decoded(decoder)
  }

  async *#texts(): AsyncGenerator<string> {
    const decoder = new TextDecoder('utf-8', { fatal: true })
    for await (const bytes of this.#chunks()) yield this.#decoded(decoder, bytes)
    yield this.#decoded(decoder)
  }

  #decoded(decoder: TextDecoder, bytes?: Uint8Array): string {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true })
    } catch {
      throw this.#broken('it is not UTF-8')
    }
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    for (let position = 0; ; ) {
      const { bytesRead, buffer } = await this.#file.read(Buffer.allocUnsafe(bytesAtOnce), 0, bytesAtOnce, position)
      if (bytesRead === 0) return
      position += bytesRead
      yield buffer.subarray(0, bytesRead)
    }
  }

  #rowOf(record: FileRow, at: number): Row {
    const { plan } = this
    const row = Object.create(plan.Entity.prototype as object) as Row
    for (const [field, spec] of plan.fields) {
      if (isComputed(spec)) continue
      const value = record[field] === undefined ? (spec.makeDefault?.() ?? null) : record[field]
      if (value === null && !spec.isOptional)
        throw new InvalidDataError(`${plan.name}, row ${at}, column ${field}: it is missing; nothing was loaded`, {
          model: plan.name,
          field,
          row: at,
        })
      row[plan.storedName(field)] = value
    }
    this.#compute(row, at)
    return row
  }

  /** Computed values are not read from the file. */
  #compute(row: Row, at: number): void {
    const { plan } = this
    try {
      keepComputed(row, plan)
    } catch (error) {
      if (!(error instanceof InvalidDataError)) throw error
      const place = { model: plan.name, field: error.field, row: at }
      throw new InvalidDataError(`${plan.name}, row ${at}: ${error.message}; nothing was loaded`, place)
    }
  }

  #requireHeader(names: readonly string[]): readonly string[] {
    const known = names.filter((name) => this.plan.fields.has(name))
    for (const name of names) if (!this.plan.fields.has(name)) this.#ignore(name)
    if (new Set(known).size < known.length) throw this.#broken('the header: a column occurs twice')
    return names
  }

  /** @throws InvalidDataError unless it is to be ignored. */
  #ignore(name: string, row?: number): void {
    if (this.#options.ignoresUnknown) {
      if (this.ignoredColumns.size < maxIgnored) this.ignoredColumns.add(name.slice(0, maxNameLength))
      return
    }
    const where = row === undefined ? 'the header' : `row ${row}`
    const advice = 'load(directory, { ignoreUnknown: true }) leaves it out'
    throw this.#broken(`${where}, column ${name}: ${this.plan.name} has no such field (${advice})`, row)
  }

  readonly #broken: Broken = (what, row) => new InvalidDataError(`${this.#path}: ${what}; nothing was loaded`, { row })
}

async function stateOf(file: FileHandle): Promise<string> {
  const { size, mtimeNs } = await file.stat({ bigint: true })
  return `${size} ${mtimeNs}`
}
