// Statements of PostgreSQL that go out in one write with what begins their transaction, or ends it: each saves a round trip. The protocol
// lets messages follow each other up to a Sync; after one that fails, the store skips the others.
//
//   begin, first statement, Sync
//   last statement, commit, Sync            a transaction that ends before it has run a statement sends nothing at all

/** The part of pg's connection that is used. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void }
  parse(statement: { readonly text: string }): void
  bind(values?: object): void
  execute(portal?: object): void
  sync(): void
}

/** The part of pg's query that is used. */
interface PgQuery {
  submit(wire: Wire): Error | null
  handleCommandComplete(message: unknown, wire: Wire): void
  /** Writes Execute and Sync. */
  _getRows(wire: Wire): void
}

interface PgQueryConfig {
  readonly text: string
  readonly values: readonly unknown[]
  readonly name: string | undefined
}

type QueryCallback = (error: Error | null, response: unknown) => void

/** The part of pg that is used. */
export interface PgDriver {
  readonly Query: new (config: PgQueryConfig, values: undefined, callback: QueryCallback) => PgQuery
}

/** The part of pg's client that is used. */
export interface PgConnection {
  query(query: PgQuery): unknown
}

/** What knex gives to run: a statement with its values. */
export interface KnexQuery {
  sql: string
  readonly bindings?: readonly unknown[]
  response?: unknown
  /** Each connection prepares it once, by this name. */
  readonly preparedAs?: string | undefined
  /** What goes out after it. */
  readonly followedBy?: readonly string[]
}

/** What ends a transaction, as knex writes it. */
const end = /^(commit;?|rollback;?)$/i

/** A transaction whose beginning waits for its first statement. */
export class Beginning {
  readonly #statements: readonly string[]
  #isPending = true

  /** `statements`: what begins it. */
  constructor(statements: readonly string[]) {
    this.#statements = statements
  }

  /** Whether it is over without a statement: then nothing needs to be sent. */
  endsWith(query: unknown): boolean {
    return this.#isPending && typeof query === 'string' && end.test(query)
  }

  /** What must go out before the next statement. */
  take(): readonly string[] {
    if (!this.#isPending) return []
    this.#isPending = false
    return this.#statements
  }
}

/** Runs a statement after others, and before those that follow it. Settles when all have been answered, with its own answer. */
export function runBetween(
  driver: PgDriver,
  connection: PgConnection,
  before: readonly string[],
  query: KnexQuery,
): Promise<KnexQuery> {
  const { sql, bindings = [], preparedAs, followedBy = [] } = query
  const areApart = bindings.length > 0
  return new Promise((resolve, reject) => {
    const settle: QueryCallback = (error, response) => {
      if (error) return reject(error)
      query.response = response
      resolve(query)
    }
    const text = areApart ? sql : [...before, sql, ...followedBy].join('; ')
    // pg takes the first of the answers to Parse for that of its own statement: what is parsed before would name one that may fail.
    const name = before.length === 0 ? preparedAs : undefined
    const own = new driver.Query({ text, values: bindings, name }, undefined, settle)
    takeOwnAnswer(own, before.length)
    if (areApart) writeBetween(own, before, followedBy)
    connection.query(own)
  })
}

/** The statements before and after a query complete, too: only the answer of its own is its. */
function takeOwnAnswer(query: PgQuery, before: number): void {
  const complete = query.handleCommandComplete.bind(query)
  let completed = 0
  query.handleCommandComplete = (message, wire) => {
    if (completed++ === before) complete(message, wire)
  }
}

function writeBetween(query: PgQuery, before: readonly string[], after: readonly string[]): void {
  const submit = query.submit.bind(query)
  query.submit = (wire) => {
    wire.stream.cork()
    try {
      write(wire, before)
      return submit(wire)
    } finally {
      wire.stream.uncork()
    }
  }
  if (after.length === 0) return
  query._getRows = (wire) => {
    wire.execute()
    write(wire, after)
    wire.sync()
  }
}

function write(wire: Wire, statements: readonly string[]): void {
  for (const text of statements) {
    wire.parse({ text })
    wire.bind()
    wire.execute()
  }
}
