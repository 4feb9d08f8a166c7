// What saving and loading may be told.
import type { OptionTable } from '../../core/base/option-table.ts'
import type { FileFormat } from './data-options.ts'

/** How far a save or a load has come. */
export interface FileProgress {
  readonly model: string
  /** Rows so far. */
  readonly done: number
  /** Rows in all. */
  readonly total: number
}

export interface FileOptions {
  /** Default 'json'. */
  readonly format?: FileFormat
  /** Told now and then, and at the end of each table. */
  readonly onProgress?: (progress: FileProgress) => void
  readonly signal?: AbortSignal
}

export interface LoadOptions extends FileOptions {
  /** Empties the tables first. Default false: rows that are there already are a ConflictError. */
  readonly replace?: boolean
  /**
   * Leaves out columns that no field has, such as computed or dropped ones, and says which: `load` gives a LoadReport. Default false:
   * they are an InvalidDataError.
   */
  readonly ignoreUnknown?: boolean
}

/** What a load with `ignoreUnknown` has done. */
export interface LoadReport {
  /** How many were loaded. */
  readonly rows: number
  /** The files that had columns which no field has; none: nothing was left out. */
  readonly ignored: readonly IgnoredColumns[]
}

export interface IgnoredColumns {
  readonly model: string
  /** Its name in the directory. */
  readonly file: string
  /** At most a thousand of them, in the order in which they came. */
  readonly columns: readonly string[]
}

export const fileOptions: OptionTable<FileOptions> = { format: 'any', onProgress: 'any', signal: 'any' }
export const loadOptions: OptionTable<LoadOptions> = { ...fileOptions, replace: 'any', ignoreUnknown: 'any' }
