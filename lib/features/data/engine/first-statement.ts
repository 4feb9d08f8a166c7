// The first statement of a transaction of PostgreSQL goes out together with what begins it, which saves a round trip. A transaction that
// ends before it has run a statement sends nothing at all.
//
//   begin, statement with values, Sync      one write: the protocol lets messages follow each other up to a Sync
//   begin; statement                        a text without values

/** The part of pg's connection that is used. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void }
  parse(statement: { readonly text: string }): void
  bind(values?: object): void
  execute(portal?: object): void
}

/** The part of pg's query that is used. */
interface PgQuery {
  submit(wire: Wire): Error | null
  handleCommandComplete(message: unknown, wire: Wire): void
}

interface PgQueryConfig {
  readonly text: string
  readonly values: readonly unknown[]
}

type QueryCallback = (error: Error | null, response: unknown) => void
type QueryClass = new (config: PgQueryConfig, values: undefined, callback: QueryCallback) => PgQuery

/** The part of pg that is used. */
export interface PgDriver {
  readonly Query: QueryClass
}

/** What knex gives to run: a statement with its values. */
export interface KnexQuery {
  readonly sql: string
  readonly bindings?: readonly unknown[]
  response?: unknown
}

/** The part of pg's client that is used. */
export interface PgConnection {
  query(query: PgQuery): unknown
}

/** What ends a transaction, as knex writes it. */
const end = /^(commit;?|rollback;?)$/i

/** A transaction whose beginning waits for its first statement. */
export class Beginning {
  readonly #driver: PgDriver
  readonly #statements: readonly string[]
  #isPending = true

  /** `statements`: what begins it. */
  constructor(driver: PgDriver, statements: readonly string[]) {
    this.#driver = driver
    this.#statements = statements
  }

  /** Nothing of the transaction has been sent. */
  get isPending(): boolean {
    return this.#isPending
  }

  /** Whether it is over without a statement: then nothing needs to be sent. */
  endsWith(query: unknown): boolean {
    return this.#isPending && typeof query === 'string' && end.test(query)
  }

  /** Runs the first statement. */
  run(connection: PgConnection, query: KnexQuery): Promise<KnexQuery> {
    this.#isPending = false
    const { sql, bindings = [] } = query
    const begins = this.#statements
    return new Promise((resolve, reject) => {
      const settle: QueryCallback = (error, response) => {
        if (error) return reject(error)
        query.response = response
        resolve(query)
      }
      const text = bindings.length > 0 ? sql : [...begins, sql].join('; ')
      const first = new this.#driver.Query({ text, values: bindings }, undefined, settle)
      connection.query(after(begins, first, bindings.length > 0))
    })
  }
}

/** The query, whose answer comes after those of other statements. `areApart`: these are not in its text. */
function after(statements: readonly string[], query: PgQuery, areApart: boolean): PgQuery {
  const submit = query.submit.bind(query)
  const complete = query.handleCommandComplete.bind(query)
  let open = statements.length
  query.handleCommandComplete = (message, wire) => {
    if (open > 0) open--
    else complete(message, wire)
  }
  if (!areApart) return query
  query.submit = (wire) => {
    wire.stream.cork()
    try {
      for (const text of statements) {
        wire.parse({ text })
        wire.bind()
        wire.execute()
      }
      return submit(wire)
    } finally {
      wire.stream.uncork()
    }
  }
  return query
}
