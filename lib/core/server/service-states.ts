// The states of durable services, as a feature with a store keeps them: one row for each service and key, whose lock is the turn. It knows
// nothing of what a state is: the services encode and decode it.
import type { Payload } from '../wire/bytes/payload.ts'

/** A state, by the name of its service and its key; '': the service has one state. */
export interface StatePlace {
  readonly name: string
  readonly key: string
}

export interface StoredState {
  readonly phase: 'new' | 'initialized' | 'terminated'
  /** The `static stateVersion` of the class that wrote it. */
  readonly stateVersion: number
  /** What `init` or `exec` returned; only an initialized one has it. */
  readonly state: Payload
}

export interface ServiceStates {
  /**
   * Waits for the turn of a state, in the transaction of this `context.db`, and has it until that ends: other servers wait. `creates`: also
   * where there is none yet.
   */
  take(db: unknown, place: StatePlace, creates: boolean): Promise<StoredState>
  /** Saves a state whose turn was taken, in the same transaction. */
  save(db: unknown, place: StatePlace, state: StoredState): Promise<void>
  /** Runs work in a transaction of its own, which no call has. It may run again, after other transactions were in its way. */
  transaction<T>(label: string, signal: AbortSignal, work: (db: unknown) => Promise<T>): Promise<T>
  /** The phase of a state that was committed last. */
  phaseOf(place: StatePlace): Promise<StoredState['phase']>
}
