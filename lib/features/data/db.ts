// What an action finds at `context.db`: the operations on the store, as one unit of work. Types only; the engine does them.
import type { Model, ModelClass } from './model.ts'
import type { CreateData, Filter, Hydrated, QueryOptions, UpdateData } from './model-types.ts'

/** A row that was there, or is new. */
export interface Found<M> {
  readonly row: M
  readonly isNew: boolean
}

export interface DropOptions {
  /**
   * What else is dropped. The name of a reference of this model (`author`, `author.team`): the rows that it points to.
   * A model's name and a reference of it (`ChatMessage.author`): the rows of that model that point to a dropped one.
   */
  readonly cascade?: readonly string[]
}

export interface HydrateOptions {
  /** How many references deep. Default 8, at most 64. */
  readonly depth?: number
}

/**
 * The store, as one unit of work: what was done with it is committed when its action returns, and rolled back when it
 * throws. A row is changed by assigning to its fields, too. Each operation rejects with the reason of the action's
 * signal once that is aborted, and with StoreUnavailableError where the store is away for too long.
 */
export interface Db {
  /**
   * Makes a row.
   *
   * @throws InvalidDataError, ConflictError (a unique value is taken; a reference points to nothing).
   * @example const user = await context.db.create(User, { email: 'ann@example.org', password: 'secret' })
   */
  create<M extends Model>(model: ModelClass<M>, values: CreateData<M>): Promise<M>
  /**
   * The row with this pk, or the one that the filter lets through. An object that the client sent is refused, unless a
   * `static input` checked it.
   *
   * @throws NotFoundError, AmbiguousError (says how many), InvalidDataError.
   * @example const user = await context.db.get(User, { email: 'ann@example.org' })
   */
  get<M extends Model>(model: ModelClass<M>, which: string | Filter<M>, options?: { lock?: boolean }): Promise<M>
  /** As `get`, but undefined where there is none. */
  find<M extends Model>(
    model: ModelClass<M>,
    which: string | Filter<M>,
    options?: { lock?: boolean },
  ): Promise<M | undefined>
  /** The row that has these values, or a new one with them and with `more`. */
  getOrCreate<M extends Model>(
    model: ModelClass<M>,
    values: Partial<CreateData<M>>,
    more?: Partial<CreateData<M>>,
  ): Promise<Found<M>>
  /**
   * The rows that the filter lets through; without one, all.
   *
   * @throws InvalidDataError for a filter that does not fit the model, for a `limit` above `maxRows`, or more rows than that without one.
   * @example await context.db.query(User, { age: ge(18) }, { sort: '-age', limit: 10 })
   */
  query<M extends Model>(model: ModelClass<M>, filter?: Filter<M>, options?: QueryOptions<M>): Promise<M[]>
  /** How many rows the filter lets through. */
  count<M extends Model>(model: ModelClass<M>, filter?: Filter<M>): Promise<number>
  /** Changes a row, rows, or those that a filter lets through, at once. Gives how many. */
  update<M extends Model>(row: M | readonly M[], values: UpdateData<M>): Promise<number>
  update<M extends Model>(model: ModelClass<M>, filter: Filter<M>, values: UpdateData<M>): Promise<number>
  /**
   * Drops a row, rows, or those that a filter lets through. Gives how many, without those of the cascade.
   *
   * @throws ConflictError where rows that are not dropped point to one.
   * @example await context.db.drop(User, { email: 'ann@example.org' }, { cascade: ['ChatMessage.author'] })
   */
  drop<M extends Model>(row: M | readonly M[], options?: DropOptions): Promise<number>
  drop<M extends Model>(model: ModelClass<M>, filter: Filter<M>, options?: DropOptions): Promise<number>
  /** The row's dictionary, with those of the rows that it refers to in place of their pks. */
  hydrate<M extends Model>(row: M, options?: HydrateOptions): Promise<Hydrated<M>>
  hydrate<M extends Model>(rows: readonly M[], options?: HydrateOptions): Promise<Hydrated<M>[]>
  /** Writes what was assigned to rows, so that what is wrong with it shows now. It is not committed by that. */
  flush(): Promise<void>
  /** Commits what was done so far; what follows is a unit of its own. For actions that run long. */
  commit(): Promise<void>
}
