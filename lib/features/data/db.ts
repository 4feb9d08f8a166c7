// The type of `context.db`: the operations on the store, as one unit of work. Types only; the engine implements them.
import type { Model, ModelClass } from './model.ts'
import type { CreateData, Filter, Hydrated, QueryOptions, UpdateData } from './model-types.ts'

/** A row that existed, or is new. */
export interface Found<M> {
  readonly row: M
  readonly isNew: boolean
}

export interface DropOptions {
  /**
   * What else is dropped. The name of a reference of this model (`author`, `author.team`): the rows that it points to.
   * A model's name and a reference of it (`ChatMessage.author`): that model's rows that point to a dropped one.
   */
  readonly cascade?: readonly string[] | undefined
}

export interface HydrateOptions {
  /** How many references deep. Default 8, at most 64. */
  readonly depth?: number | undefined
}

/**
 * The store, as one unit of work: its changes are committed when its action returns, and rolled back when it
 * throws. Assigning to a row's fields changes the row too. Once the action's signal aborts, operations reject with its
 * reason; if the store is unreachable for too long, with StoreUnavailableError.
 */
export interface Db {
  /**
   * Creates a row.
   *
   * @throws InvalidDataError, ConflictError (a unique value is taken; a reference points to nothing).
   * @example const user = await context.db.create(User, { email: 'ann@example.org', password: 'secret' })
   */
  create<M extends Model>(model: ModelClass<M>, values: CreateData<M>): Promise<M>
  /**
   * The row with this pk, or the one that matches the filter. Rejects an object that the client sent, unless a
   * `static input` checked it.
   *
   * @throws NotFoundError, AmbiguousError (with the count), InvalidDataError.
   * @example const user = await context.db.get(User, { email: 'ann@example.org' })
   */
  get<M extends Model>(model: ModelClass<M>, which: string | Filter<M>, options?: { lock?: boolean }): Promise<M>
  /** As `get`, but undefined if there is none. */
  find<M extends Model>(
    model: ModelClass<M>,
    which: string | Filter<M>,
    options?: { lock?: boolean },
  ): Promise<M | undefined>
  /** The row with these values, or a new one with them and with `more`. */
  getOrCreate<M extends Model>(
    model: ModelClass<M>,
    values: Partial<CreateData<M>>,
    more?: Partial<CreateData<M>>,
  ): Promise<Found<M>>
  /**
   * The rows that match the filter; without one, all rows.
   *
   * @throws InvalidDataError for a filter that does not fit the model, for a `limit` above `maxRows`, or more rows than that without one.
   * @example await context.db.query(User, { age: ge(18) }, { sort: '-age', limit: 10 })
   */
  query<M extends Model>(model: ModelClass<M>, filter?: Filter<M>, options?: QueryOptions<M>): Promise<M[]>
  /** The number of rows that match the filter. */
  count<M extends Model>(model: ModelClass<M>, filter?: Filter<M>): Promise<number>
  /** Changes a row, several rows, or those that match a filter. Returns their number. */
  update<M extends Model>(row: M | readonly M[], values: UpdateData<M>): Promise<number>
  update<M extends Model>(model: ModelClass<M>, filter: Filter<M>, values: UpdateData<M>): Promise<number>
  /**
   * Drops a row, several rows, or those that match a filter. Returns their number, not counting the cascade.
   *
   * @throws ConflictError if remaining rows point to one.
   * @example await context.db.drop(User, { email: 'ann@example.org' }, { cascade: ['ChatMessage.author'] })
   */
  drop<M extends Model>(row: M | readonly M[], options?: DropOptions): Promise<number>
  drop<M extends Model>(model: ModelClass<M>, filter: Filter<M>, options?: DropOptions): Promise<number>
  /** The row's dictionary, with the dictionaries of the rows that it refers to in place of their pks. */
  hydrate<M extends Model>(row: M, options?: HydrateOptions): Promise<Hydrated<M>>
  hydrate<M extends Model>(rows: readonly M[], options?: HydrateOptions): Promise<Hydrated<M>[]>
  /** Writes assigned values of rows, so that errors show now. Does not commit. */
  flush(): Promise<void>
  /** Commits the work so far; a new unit follows. For long-running actions. */
  commit(): Promise<void>
}
