// What a migration may do, and what it tells.
import type { OptionTable } from '../../core/base/option-table.ts'

export interface MigrateOptions {
  /** Only tells what would be done, and refuses what would be refused; nothing is locked or written. Default false. */
  readonly dryRun?: boolean
  /** Drops the fields that no model has any more, with what they hold. Default false. */
  readonly drop?: boolean
  /** Computes the computed fields of all rows again, after their functions were changed. Default false: of new fields only. */
  readonly recompute?: boolean
}

export const migrateOptions: OptionTable<MigrateOptions> = { dryRun: 'any', drop: 'any', recompute: 'any' }

export interface Migration {
  /** What was done, or would be, one statement each. */
  readonly statements: readonly string[]
  /** Columns of the models' tables that no model has, as `User.nickname`. */
  readonly removedFields: readonly string[]
  /** Computed fields whose values were made for the rows that are there, or would be, as `User.domain`. */
  readonly computedFields: readonly string[]
}
