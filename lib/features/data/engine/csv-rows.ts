// The rows of a CSV file, read as its bytes arrive. The first one is the header.
import { constants } from 'node:buffer'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { withPackages } from '../../../core/base/optional-packages.ts'
import type { Broken } from './json-rows.ts'

/** A cell. null is an empty one, without quotes. */
export type ReadCell = string | null

/** @throws InvalidDataError that names the row. */
export async function* csvRows(
  bytes: AsyncIterable<Uint8Array>,
  broken: Broken,
  maxRowLength: number = constants.MAX_STRING_LENGTH,
): AsyncGenerator<ReadCell[], void> {
  const { CsvError, parse } = await withPackages('a CSV file', ['csv-parse'], () => import('csv-parse'))
  const parser = parse({
    bom: true,
    cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
    skip_empty_lines: true,
    relax_quotes: false,
    max_record_size: maxRowLength,
  })
  const feeding = pipeline(Readable.from(bytes, { objectMode: false }), parser).catch(() => undefined)
  try {
    for await (const record of parser) yield record as ReadCell[]
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    const { records: row } = error as { records?: number }
    throw broken(`row ${row ?? '?'}: ${error.message}`, row)
  } finally {
    parser.destroy()
    await feeding
  }
}
