// What a kind of field is: everything in which kinds differ, so that all else asks for it here. A kind is one object in a file
// of its own, and a line in kinds.ts. That a value may be null is the same for all kinds, and left to their callers.

/** Where a value is, for the error. */
export interface ValuePlace {
  readonly model: string
  readonly field: string
  readonly row?: number
}

/** What a kind knows of one of its fields. */
export interface KindField {
  readonly isOptional: boolean
  readonly isSecret: boolean
  readonly choices: readonly string[] | undefined
  /** The kind of the items of a list or set. */
  readonly items: string | undefined
}

export interface Kind<Value = unknown> {
  /** What was expected in the place of this value; undefined where it fits. */
  expected(value: unknown, field: KindField): string | undefined
  /** A value that fits, as rows have it. Left out: as it is. */
  kept?(value: unknown): Value
  /** Values can change without being assigned. */
  readonly isMutable: boolean
  /** Values are pks of rows. Left out: they are not. */
  readonly refers?: 'to one' | 'to many'
  readonly filters: FilterForm
  readonly stores: StoreForms<Value>
  readonly files: FileForm<Value>
  /** What rows that exist get in a new field without a default. Left out: such a field needs a default. */
  nothing?(): Value
  /** What a computed field has until it is computed. Left out: fields of this kind cannot be computed. */
  placeholder?(): Value
}

/** What a filter may ask. */
export interface FilterForm {
  /** Values have an order, so that rows are sorted by them; or they are equal or not; or neither. */
  readonly compares: 'order' | 'equality' | 'nothing'
  /** Values are texts, which have parts and match expressions; or lists, which have items. */
  readonly contains: 'text' | 'items' | 'nothing'
  /** A value as JSON spells it, from a client. Left out: as it is. @throws InvalidDataError that names the place. */
  fromJson?(value: unknown, place: ValuePlace): unknown
}

export interface StoreForms<Value> {
  readonly libsql: StoreForm<Value>
  readonly postgresql: StoreForm<Value>
}

/** How a store keeps values. */
export type StoreForm<Value> = PlainForm | EncodedForm<Value>

/** As they are, in a column that MikroORM has a type for. */
export interface PlainForm {
  /** What the store calls the type of the column. */
  readonly column: string
  readonly plain: 'text' | 'int' | 'double' | 'boolean'
  readonly driver?: DriverForm
}

/** In a form of their own. */
export interface EncodedForm<Value> {
  readonly column: string
  readonly plain?: undefined
  /** Also called with what is not a value of this kind: that stays as it is. */
  encode(value: Value): Encoded
  decode(stored: unknown): Value
  readonly encodedAs: 'text' | 'number'
  /** What the store answers with is what `encode` makes, so that a change shows without encoding again. */
  readonly isReadAsEncoded: boolean
  readonly driver?: DriverForm
}

/** What a driver takes. */
export type Encoded = string | number | boolean

/** How PostgreSQL's driver reads what comes in a column, where its own way would change the value. */
export interface DriverForm {
  /** PostgreSQL's object identifier of the type. */
  readonly type: number
  parse(text: string): unknown
}

/** How files have values. */
export interface FileForm<Value> {
  toJson(value: Value): unknown
  /** What does not fit stays as it is, and is refused then. */
  fromJson(value: unknown): unknown
  /** For a spreadsheet. */
  toCell(value: Value): string | number
  /** What does not fit stays a text. @throws InvalidDataError that names row and column. */
  fromCell(cell: string, field: KindField, place: ValuePlace): unknown
  /** What an empty cell means where the field is not optional. Left out: null. */
  readonly emptyCell?: unknown
}
