// The options of saving and loading.
import type { OptionTable } from '../../core/base/option-table.ts'
import type { FileFormat } from './data-options.ts'

/** The progress of a save or a load. */
export interface FileProgress {
  readonly model: string
  /** Rows so far. */
  readonly done: number
  /** Rows in all. */
  readonly total: number
}

export interface FileOptions {
  /** Default 'json'. */
  readonly format?: FileFormat | undefined
  /** Called now and then, and at the end of each table. */
  readonly onProgress?: ((progress: FileProgress) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface LoadOptions extends FileOptions {
  /** Empties the tables first. Default false: existing rows are a ConflictError. */
  readonly replace?: boolean | undefined
  /**
   * Leaves out columns without a field, such as computed or dropped ones; `load` then returns a LoadReport that names them. Default
   * false: they are an InvalidDataError.
   */
  readonly ignoreUnknown?: boolean | undefined
}

/** The result of a load with `ignoreUnknown`. */
export interface LoadReport {
  /** The number of rows loaded. */
  readonly rows: number
  /** The files with columns without a field; empty if nothing was left out. */
  readonly ignored: readonly IgnoredColumns[]
}

export interface IgnoredColumns {
  readonly model: string
  /** The file's name in the directory. */
  readonly file: string
  /** At most a thousand, in the order of appearance. */
  readonly columns: readonly string[]
}

export const fileOptions: OptionTable<FileOptions> = { format: 'any', onProgress: 'any', signal: 'any' }
export const loadOptions: OptionTable<LoadOptions> = { ...fileOptions, replace: 'any', ignoreUnknown: 'any' }
