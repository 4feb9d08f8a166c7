// The options of a migration, and its result.
import type { OptionTable } from '../../core/base/option-table.ts'

export interface MigrateOptions {
  /** Only reports what would be done, and rejects what would be rejected; locks and writes nothing. Default false. */
  readonly dryRun?: boolean | undefined
  /** Drops fields that no model has any more, with their content. Default false. */
  readonly drop?: boolean | undefined
  /** Computes the computed fields of all rows again, after their functions were changed. Default false: only new fields. */
  readonly recompute?: boolean | undefined
}

export const migrateOptions: OptionTable<MigrateOptions> = { dryRun: 'any', drop: 'any', recompute: 'any' }

export interface Migration {
  /** The statements that were run, or would be. */
  readonly statements: readonly string[]
  /** Columns of the models' tables that no model has, such as `User.nickname`. */
  readonly removedFields: readonly string[]
  /** Computed fields that were computed for existing rows, or would be, such as `User.domain`. */
  readonly computedFields: readonly string[]
}
