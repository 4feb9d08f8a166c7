// The definition of a kind of field: everything that differs between kinds. A kind is one object in its own file,
// and a line in kinds.ts. Leaves null, which is the same for all kinds, to its callers.

/** The place of a value, for errors. */
export interface ValuePlace {
  readonly model: string
  readonly field: string
  readonly row?: number
}

/** The part of a field that its kind knows. */
export interface KindField {
  readonly isOptional: boolean
  readonly isSecret: boolean
  readonly choices: readonly string[] | undefined
  /** The kind of the items of a list or set. */
  readonly items: string | undefined
}

export interface Kind<Value = unknown> {
  /** What was expected instead of this value; undefined if it fits. */
  expected(value: unknown, field: KindField): string | undefined
  /** A fitting value as rows have it. Omitted: unchanged. */
  kept?(value: unknown): Value
  /** Values can change without being assigned. */
  readonly isMutable: boolean
  /** Values are pks of rows. Omitted: they are not. */
  readonly refers?: 'to one' | 'to many'
  readonly filters: FilterForm
  readonly stores: StoreForms<Value>
  readonly files: FileForm<Value>
  /** The value of existing rows in a new field without a default. Omitted: such a field needs a default. */
  nothing?(): Value
  /** The value of a computed field until it is computed. Omitted: fields of this kind cannot be computed. */
  placeholder?(): Value
}

/** What a filter may use. */
export interface FilterForm {
  /** Values are ordered, so rows can be sorted by them; or can only be equal; or neither. */
  readonly compares: 'order' | 'equality' | 'nothing'
  /** Values are texts, which have parts and match expressions; or lists, which have items. */
  readonly contains: 'text' | 'items' | 'nothing'
  /** Converts a JSON value from a client. Omitted: unchanged. @throws InvalidDataError that names the place. */
  fromJson?(value: unknown, place: ValuePlace): unknown
}

export interface StoreForms<Value> {
  readonly libsql: StoreForm<Value>
  readonly postgresql: StoreForm<Value>
}

/** The form of values in a store. */
export type StoreForm<Value> = PlainForm | EncodedForm<Value>

/** Unchanged, in a column that MikroORM has a type for. */
export interface PlainForm {
  /** The store's name for the type of the column. */
  readonly column: string
  readonly plain: 'text' | 'int' | 'double' | 'boolean'
  readonly driver?: DriverForm
}

/** In an encoded form. */
export interface EncodedForm<Value> {
  readonly column: string
  readonly plain?: undefined
  /** Also called with values of other kinds, which stay unchanged. */
  encode(value: Value): Encoded
  decode(stored: unknown): Value
  readonly encodedAs: 'text' | 'number'
  /** The store returns what `encode` produced, so changes are detected without encoding again. */
  readonly isReadAsEncoded: boolean
  readonly driver?: DriverForm
}

/** The values that a driver accepts. */
export type Encoded = string | number | boolean

/** How PostgreSQL's driver reads a column, if its own way would change the value. */
export interface DriverForm {
  /** PostgreSQL's object identifier of the type. */
  readonly type: number
  parse(text: string): unknown
}

/** The form of values in files. */
export interface FileForm<Value> {
  toJson(value: Value): unknown
  /** A value that does not fit stays unchanged, and is then rejected. */
  fromJson(value: unknown): unknown
  /** The value as a spreadsheet cell. */
  toCell(value: Value): string | number
  /** A text that does not fit stays unchanged. @throws InvalidDataError that names row and column. */
  fromCell(cell: string, field: KindField, place: ValuePlace): unknown
  /** The meaning of an empty cell if the field is not optional. Omitted: null. */
  readonly emptyCell?: unknown
}
