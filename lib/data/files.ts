// What saving and loading may be told.
import type { OptionTable } from '../base/option-table.ts'
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
}

export const fileOptions: OptionTable<FileOptions> = { format: 'any', onProgress: 'any', signal: 'any' }
export const loadOptions: OptionTable<LoadOptions> = { ...fileOptions, replace: 'any' }
