// The part of SQL in which durable calls and the effects of the simulation speak to their store: text becomes a statement whose
// expressions are functions. Knows PostgreSQL's null logic. Leaves tables, locks and transactions to fake-store.ts.

export type Value = string | number | boolean | Uint8Array | null

export type RowData = Readonly<Record<string, Value>>

/** What an expression sees: the rows by their names in the statement, the values of the question marks, and the store's clock. */
export interface Scope {
  readonly rows: Readonly<Record<string, RowData>>
  readonly values: readonly Value[]
  readonly nowMs: number
  /** The rows of a table, for a select within the statement. */
  rowsOf(table: string): Iterable<RowData>
}

export type Expression = (scope: Scope) => Value

export interface Insert {
  readonly kind: 'insert'
  readonly table: string
  readonly alias: string
  readonly values: readonly (readonly [column: string, value: Expression])[]
  /** Without it, nothing is inserted. */
  readonly where: Expression | undefined
  readonly conflict: { readonly set: Changes | undefined; readonly where: Expression | undefined } | undefined
  readonly returning: readonly string[]
}

export interface Update {
  readonly kind: 'update'
  readonly table: string
  readonly alias: string
  readonly set: Changes
  readonly where: Expression | undefined
  readonly returning: readonly string[]
}

export interface Delete {
  readonly kind: 'delete'
  readonly table: string
  readonly alias: string
  readonly where: Expression | undefined
}

export interface Select {
  readonly kind: 'select'
  readonly table: string
  readonly alias: string
  readonly columns: readonly Column[]
  readonly where: Expression | undefined
  /** Rows with the same value are one, with the counts and sums of all. */
  readonly groupBy: string | undefined
  readonly orderBy: string | undefined
  readonly limit: number
}

/** A column that is returned, or its length; or of a group the number of its rows, or the sum. */
export interface Column {
  readonly name: string
  readonly of: string
  readonly isLength: boolean
  readonly total?: 'count' | 'sum'
}

export type Statement = Insert | Update | Delete | Select

type Changes = readonly (readonly [column: string, value: Expression])[]

/** The statement of a text. @throws Error where it is not of the known part of SQL. */
export function parse(sql: string): Statement {
  let statement = parsed.get(sql)
  if (statement === undefined) {
    statement = new Parser(sql).statement()
    parsed.set(sql, statement)
  }
  return statement
}

/** Statements hold nothing of the worlds that run them. */
const parsed = new Map<string, Statement>()

const token = /\s*(?:(\d+)|'([^']*)'|([a-z_]\w*)|(::|<=|>=|<>|[(),.?=<>+*-]))/iy

class Parser {
  readonly #sql: string
  readonly #tokens: string[] = []
  #at = 0
  #marks = 0
  /** The name of the row that a bare column belongs to, of the innermost statement. */
  #row = ''

  constructor(sql: string) {
    this.#sql = sql
    token.lastIndex = 0
    const text = sql.trimEnd()
    while (token.lastIndex < text.length) {
      const found = token.exec(text)
      if (found === null) throw new Error(`unknown token in: ${sql}`)
      const [, number, quoted, word, sign] = found
      this.#tokens.push(quoted === undefined ? (number ?? word?.toLowerCase() ?? (sign as string)) : `'${quoted}`)
    }
  }

  statement(): Statement {
    const statement = this.#statement()
    if (this.#at < this.#tokens.length) throw this.#unexpected()
    return statement
  }

  #statement(): Statement {
    const verb = this.#next()
    if (verb === 'insert') return this.#insert()
    if (verb === 'update') return this.#update()
    if (verb === 'delete') return this.#delete()
    if (verb === 'select') return this.#select()
    throw this.#unexpected()
  }

  #insert(): Insert {
    this.#need('into')
    const { table, alias } = this.#named()
    this.#need('(')
    const columns = this.#names()
    this.#need(')')
    const isSelected = this.#is('select')
    if (!isSelected) {
      this.#need('values')
      this.#need('(')
    }
    const given = this.#list(() => this.#expression())
    if (!isSelected) this.#need(')')
    const where = isSelected ? this.#where() : undefined
    const values = columns.map((column, i) => [column, given[i] as Expression] as const)
    let conflict: Insert['conflict']
    if (this.#is('on')) {
      this.#need('conflict')
      this.#need('(')
      this.#names()
      this.#need(')')
      this.#need('do')
      if (this.#is('nothing')) conflict = { set: undefined, where: undefined }
      else {
        this.#need('update')
        this.#need('set')
        conflict = { set: this.#changes(), where: this.#where() }
      }
    }
    return { kind: 'insert', table, alias, values, where, conflict, returning: this.#returning() }
  }

  #update(): Update {
    const { table, alias } = this.#named()
    this.#need('set')
    return { kind: 'update', table, alias, set: this.#changes(), where: this.#where(), returning: this.#returning() }
  }

  #delete(): Delete {
    this.#need('from')
    const { table, alias } = this.#named()
    return { kind: 'delete', table, alias, where: this.#where() }
  }

  #select(): Select {
    const columns = this.#list(() => this.#column())
    this.#need('from')
    const outer = this.#row
    const { table, alias } = this.#named()
    const where = this.#where()
    const groupBy = this.#by('group')
    const orderBy = this.#by('order')
    const limit = this.#is('limit') ? Number(this.#next()) : Number.POSITIVE_INFINITY
    this.#row = outer
    return { kind: 'select', table, alias, columns, where, groupBy, orderBy, limit }
  }

  #by(word: 'group' | 'order'): string | undefined {
    if (!this.#is(word)) return undefined
    this.#need('by')
    return this.#next()
  }

  #column(): Column {
    const total = (['count', 'sum'] as const).find((word) => this.#is(word))
    if (total === undefined) return this.#plainColumn()
    this.#need('(')
    const { of, isLength } = this.#is('*') ? { of: '', isLength: false } : this.#plainColumn()
    this.#need(')')
    this.#need('as')
    return { name: this.#next(), of, isLength, total }
  }

  #plainColumn(): Column {
    let of = this.#next()
    const isLength = of === 'length' && this.#is('(')
    if (isLength) of = this.#next()
    if (isLength) this.#need(')')
    else if (this.#is('.')) of = this.#next()
    return { name: this.#is('as') ? this.#next() : of, of, isLength }
  }

  #named(): { readonly table: string; readonly alias: string } {
    const table = this.#next()
    const isNamed =
      this.#is('as') ||
      !(this.#peek === undefined || /^(\(|set|where|group|order|on|limit|returning|\))$/.test(this.#peek))
    const alias = isNamed ? this.#next() : table
    this.#row = alias
    return { table, alias }
  }

  #changes(): Changes {
    return this.#list(() => {
      const column = this.#next()
      this.#need('=')
      return [column, this.#expression()] as const
    })
  }

  #where(): Expression | undefined {
    return this.#is('where') ? this.#expression() : undefined
  }

  #returning(): readonly string[] {
    return this.#is('returning') ? this.#names() : []
  }

  #names(): string[] {
    return this.#list(() => this.#next())
  }

  #expression(): Expression {
    let left = this.#conjunction()
    while (this.#is('or')) left = or(left, this.#conjunction())
    return left
  }

  #conjunction(): Expression {
    let left = this.#negation()
    while (this.#is('and')) left = and(left, this.#negation())
    return left
  }

  #negation(): Expression {
    if (!this.#is('not')) return this.#comparison()
    const what = this.#negation()
    return (scope) => {
      const value = what(scope)
      return value === null ? null : value !== true
    }
  }

  #comparison(): Expression {
    const left = this.#sum()
    const sign = this.#peek
    if (sign !== undefined && sign in comparisons) {
      this.#next()
      return compared(left, this.#sum(), comparisons[sign as keyof typeof comparisons])
    }
    if (this.#is('in')) {
      this.#need('(')
      const choices = this.#list(() => this.#sum())
      this.#need(')')
      return (scope) => {
        const value = left(scope)
        return value === null ? null : choices.some((choice) => isSame(value, choice(scope)))
      }
    }
    if (!this.#is('is')) return left
    const isNot = this.#is('not')
    if (this.#is('null')) return (scope) => (left(scope) === null) !== isNot
    this.#need('distinct')
    this.#need('from')
    const right = this.#sum()
    return (scope) => isSame(left(scope), right(scope)) === isNot
  }

  #sum(): Expression {
    let left = this.#product()
    for (;;) {
      if (this.#is('+')) left = counted(left, this.#product(), (a, b) => a + b)
      else if (this.#is('-')) left = counted(left, this.#product(), (a, b) => a - b)
      else return left
    }
  }

  #product(): Expression {
    let left = this.#cast()
    while (this.#is('*')) left = counted(left, this.#cast(), (a, b) => a * b)
    return left
  }

  #cast(): Expression {
    let value = this.#primary()
    while (this.#is('::')) {
      const type = this.#next()
      if (type !== 'bigint') throw this.#unexpected()
      const from = value
      value = (scope) => {
        const number = from(scope)
        return number === null ? null : Math.round(Number(number))
      }
    }
    return value
  }

  #primary(): Expression {
    const word = this.#next()
    if (word === '(') {
      const inner = this.#expression()
      this.#need(')')
      return inner
    }
    if (word === '?') {
      const index = this.#marks++
      return ({ values }) => values[index] ?? null
    }
    if (word.startsWith("'")) return constant(word.slice(1))
    if (/^\d/.test(word)) return constant(Number(word))
    if (word === 'null') return constant(null)
    if (word === 'exists') return this.#exists()
    if (word === 'clock_timestamp') {
      this.#need('(')
      this.#need(')')
      return ({ nowMs }) => nowMs / 1_000
    }
    if (word === 'extract') {
      this.#need('(')
      this.#need('epoch')
      this.#need('from')
      const time = this.#expression()
      this.#need(')')
      return time
    }
    if (!/^[a-z_]/.test(word)) throw this.#unexpected()
    const [row, column] = this.#is('.') ? [word, this.#next()] : [this.#row, word]
    return ({ rows }) => {
      const value = rows[row]?.[column]
      if (value === undefined) throw new Error(`there is no ${row}.${column} in: ${this.#sql}`)
      return value
    }
  }

  #exists(): Expression {
    this.#need('(')
    this.#need('select')
    const select = this.#select()
    this.#need(')')
    return (scope) => rowsThat(select, scope).length > 0
  }

  #list<T>(one: () => T): T[] {
    const list = [one()]
    while (this.#is(',')) list.push(one())
    return list
  }

  get #peek(): string | undefined {
    return this.#tokens[this.#at]
  }

  #next(): string {
    const word = this.#tokens[this.#at++]
    if (word === undefined) throw this.#unexpected()
    return word
  }

  #is(word: string): boolean {
    if (this.#peek !== word) return false
    this.#at++
    return true
  }

  #need(word: string): void {
    if (!this.#is(word)) throw this.#unexpected()
  }

  #unexpected(): Error {
    return new Error(
      `the fake store does not know what follows "${this.#tokens.slice(0, this.#at).join(' ')}" in: ${this.#sql}`,
    )
  }
}

/** The rows that a select finds. */
export function rowsThat({ table, alias, where, orderBy, limit }: Select, scope: Scope): RowData[] {
  const found: RowData[] = []
  for (const row of scope.rowsOf(table)) {
    if (orderBy === undefined && found.length >= limit) break
    if (where === undefined || where({ ...scope, rows: { ...scope.rows, [alias]: row } }) === true) found.push(row)
  }
  if (orderBy === undefined) return found
  return found.sort((a, b) => ((a[orderBy] as Ordered) < (b[orderBy] as Ordered) ? -1 : 1)).slice(0, limit)
}

/** One row for each group, or for each row where there are none. */
export function selectedFrom(rows: readonly RowData[], { columns, groupBy }: Select): RowData[] {
  if (groupBy === undefined) return rows.map((row) => shown([row], columns))
  const groups = new Map<Value, RowData[]>()
  for (const row of rows) {
    const value = row[groupBy] ?? null
    groups.set(value, [...(groups.get(value) ?? []), row])
  }
  return [...groups.values()].map((group) => shown(group, columns))
}

function shown(group: readonly RowData[], columns: readonly Column[]): RowData {
  const valueIn = (row: RowData | undefined, { of, isLength }: Column): Value => {
    const value = row?.[of] ?? null
    return isLength && value instanceof Uint8Array ? value.length : value
  }
  const totalOf = (column: Column): Value => {
    if (column.total === undefined) return valueIn(group[0], column)
    if (column.total === 'count') return group.length
    const values = group.map((row) => valueIn(row, column)).filter((value) => value !== null)
    return values.length === 0 ? null : values.reduce<number>((sum, value) => sum + Number(value), 0)
  }
  return Object.fromEntries(columns.map((column) => [column.name, totalOf(column)]))
}

/** The same value, nulls included. */
export function isSame(a: Value, b: Value): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Buffer.compare(a, b) === 0
  return a === b
}

type Ordered = string | number

const comparisons = {
  '=': isSame,
  '<>': (a: Value, b: Value) => !isSame(a, b),
  '<': (a: Value, b: Value) => (a as Ordered) < (b as Ordered),
  '<=': (a: Value, b: Value) => (a as Ordered) <= (b as Ordered),
  '>': (a: Value, b: Value) => (a as Ordered) > (b as Ordered),
  '>=': (a: Value, b: Value) => (a as Ordered) >= (b as Ordered),
}

function compared(left: Expression, right: Expression, holds: (a: Value, b: Value) => boolean): Expression {
  return (scope) => {
    const a = left(scope)
    const b = right(scope)
    return a === null || b === null ? null : holds(a, b)
  }
}

function counted(left: Expression, right: Expression, result: (a: number, b: number) => number): Expression {
  return (scope) => {
    const a = left(scope)
    const b = right(scope)
    return a === null || b === null ? null : result(Number(a), Number(b))
  }
}

function and(left: Expression, right: Expression): Expression {
  return (scope) => {
    const a = left(scope)
    if (a === false) return false
    const b = right(scope)
    if (b === false) return false
    return a === null || b === null ? null : true
  }
}

function or(left: Expression, right: Expression): Expression {
  return (scope) => {
    const a = left(scope)
    if (a === true) return true
    const b = right(scope)
    if (b === true) return true
    return a === null || b === null ? null : false
  }
}

function constant(value: Value): Expression {
  return () => value
}
