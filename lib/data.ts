// The public list of isock/data.

export type { Change, ChangeKind } from './features/data/changes.ts'
export type { ComputedOptions } from './features/data/computed-field.ts'
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
} from './features/data/condition.ts'
export { data } from './features/data/data.ts'
export {
  AmbiguousError,
  ConflictError,
  InvalidDataError,
  NotFoundError,
  StoreUnavailableError,
} from './features/data/data-errors.ts'
export type { DataOptions, Durability, FileFormat, Persistence } from './features/data/data-options.ts'
export { Database, type TransactionOptions } from './features/data/database.ts'
export type { Db, DropOptions, Found, HydrateOptions } from './features/data/db.ts'
export {
  type Field,
  type FieldInfo,
  type FieldOptions,
  field,
  type Givenness,
  type Marked,
  type ReferenceOptions,
} from './features/data/field.ts'
export type { FileOptions, FileProgress, IgnoredColumns, LoadOptions, LoadReport } from './features/data/files.ts'
export type { ItemKind, SetItemKind } from './features/data/kinds/items.ts'
export { fromLexicons, type TranslatedQuery } from './features/data/lexicons-filter.ts'
export type { MigrateOptions, Migration } from './features/data/migration.ts'
export { Model, type ModelClass, type Publishes } from './features/data/model.ts'
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
} from './features/data/model-types.ts'
export { type ParseFilterOptions, type ParseSortOptions, parseFilter, parseSort } from './features/data/parse-filter.ts'
export { hashPassword, verifyPassword } from './features/data/password.ts'
