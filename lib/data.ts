// The public list of isock/data.
export {
  AmbiguousError,
  ConflictError,
  InvalidDataError,
  NotFoundError,
  StoreUnavailableError,
} from './base/data-errors.ts'
export type { Change, ChangeKind } from './data/changes.ts'
export type { ComputedOptions } from './data/computed-field.ts'
export {
  and,
  Condition,
  contains,
  eq,
  ge,
  gt,
  le,
  lt,
  matches,
  max,
  min,
  ne,
  noneOf,
  not,
  type Operator,
  oneOf,
  or,
} from './data/condition.ts'
export type { DataOptions, Durability, FileFormat, Persistence } from './data/data-options.ts'
export { Database, type TransactionOptions } from './data/database.ts'
export type { Db, DropOptions, Found, HydrateOptions } from './data/db.ts'
export {
  type Field,
  type FieldOptions,
  field,
  type ItemKind,
  type ReferenceOptions,
  type SetItemKind,
} from './data/field.ts'
export type { FileOptions, FileProgress, IgnoredColumns, LoadOptions, LoadReport } from './data/files.ts'
export { fromLexicons, type TranslatedQuery } from './data/lexicons-filter.ts'
export type { MigrateOptions, Migration } from './data/migration.ts'
export { Model, type ModelClass, type Publishes } from './data/model.ts'
export type {
  CreateData,
  Dictionary,
  Filter,
  FilterField,
  Hydrated,
  JsonDictionary,
  QueryOptions,
  SortKey,
  UpdateData,
} from './data/model-types.ts'
export { type ParseFilterOptions, type ParseSortOptions, parseFilter, parseSort } from './data/parse-filter.ts'
export { hashPassword, verifyPassword } from './data/password.ts'
