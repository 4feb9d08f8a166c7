// The message of a channel to which a model publishes its changes.

/** What happened to a row. */
export type ChangeKind = 'created' | 'updated' | 'dropped'

/** One change of one row, published once it is committed. */
export interface Change<Row = Record<string, unknown>> {
  readonly model: string
  readonly change: ChangeKind
  readonly pk: string
  /** The row at the commit, without secret fields; for a dropped row, as it was before. */
  readonly row: Row
}
