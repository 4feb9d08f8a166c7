// A state machine as a table: each state with the moves that it allows, and the state that each leads to. A move that the
// state does not allow is a bug in this library, and throws. Leaves what else happens on a move to the owner of the state.
import { IsockError } from './errors.ts'

type Rows<State extends PropertyKey> = Readonly<Record<State, Readonly<Record<string, State>>>>

type StateIn<T> = keyof T & string
type MoveIn<T> = { [S in keyof T]: keyof T[S] }[keyof T] & string
type After<T, Move> = { [S in keyof T]: Move extends keyof T[S] ? T[S][Move] : never }[keyof T]

/** The states of a table. */
export type StateOf<T> = T extends StateTable<infer R> ? StateIn<R> : never
/** The moves of a table. */
export type MoveOf<T> = T extends StateTable<infer R> ? MoveIn<R> : never

/**
 * @example
 * const doors = new StateTable('door', { open: { close: 'shut' }, shut: { open: 'open' } })
 * doors.next('open', 'close') // 'shut'
 * doors.next('shut', 'close') // throws: a shut door cannot close
 */
export class StateTable<const T extends Rows<keyof T>> {
  /** The state machine, for the error message. */
  readonly name: string
  readonly rows: T

  constructor(name: string, rows: T) {
    this.name = name
    this.rows = rows
  }

  allows(state: StateIn<T>, move: MoveIn<T>): boolean {
    return move in this.rows[state]
  }

  /** The state after a move. Throws IsockError (`INTERNAL`) that names the state and the move if it is illegal. */
  next<M extends MoveIn<T>>(state: StateIn<T>, move: M): After<T, M> {
    const next = (this.rows[state] as { readonly [move: string]: unknown })[move]
    if (next === undefined) throw new IsockError('INTERNAL', `${this.name}: illegal move "${move}" in state "${state}"`)
    return next as After<T, M>
  }
}
