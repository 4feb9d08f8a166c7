// What is told of a change: the message of a channel that a model publishes to.

/** What happened to a row. */
export type ChangeKind = 'created' | 'updated' | 'dropped'

/** One change of one row, as subscribers get it once it is committed. */
export interface Change<Row = Record<string, unknown>> {
  readonly model: string
  readonly change: ChangeKind
  readonly pk: string
  /** The row as it was at the commit, without secret fields; of a dropped one, as it was before. */
  readonly row: Row
}
