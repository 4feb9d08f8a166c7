// What happened, written down by those to whom it happened, and what of it may not have. Knows nothing of ledgers,
// numbers or sessions: only of operations, the runs of their handlers, and what their callers were told.
import { IsockError, OutcomeUnknownError } from '../../lib/index.ts'

export type OperationKind = 'quick' | 'slow' | 'throwing' | 'stream' | 'upload' | 'nested' | 'idempotent'

/** Something that the world did to them. */
export interface Fault {
  readonly atMs: number
  readonly kind: 'cut' | 'stall' | 'crash' | 'shutdown' | 'restart'
}

export interface Operation {
  readonly id: number
  readonly kind: OperationKind
  readonly startedAtMs: number
  readonly timeoutMs: number | undefined
  /** Faults that its client outlives. */
  readonly retries: number
  readonly itemCount: number
  /** The caller asked for its end. */
  isCancelled: boolean
  readonly runs: string[]
  readonly items: number[]
  outcome: { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown } | undefined
  settledAtMs: number | undefined
}

/** Time within which timers may be late: none in virtual time but for the turn of a message. */
const toleranceMs = 1

export class Oracle {
  readonly operations: Operation[] = []
  readonly faults: Fault[] = []
  /** How long the servers keep a session without a link. */
  leaseMs = 0

  begin(operation: Omit<Operation, 'runs' | 'items' | 'outcome' | 'settledAtMs' | 'isCancelled'>): Operation {
    const begun: Operation = {
      ...operation,
      runs: [],
      items: [],
      outcome: undefined,
      settledAtMs: undefined,
      isCancelled: false,
    }
    this.operations.push(begun)
    return begun
  }

  /** A handler starts; the name of this very run. */
  run(id: number, where: string): string {
    const operation = this.operations[id]
    if (operation === undefined) throw new Error(`a run of operation ${id}, which nobody asked for`)
    const run = `${id}:${operation.runs.length}@${where}`
    operation.runs.push(run)
    return run
  }

  /** Everything that must not be. */
  violations(): string[] {
    return this.operations.flatMap((operation) =>
      [...this.#judge(operation)].map((fault) => `operation ${operation.id} (${operation.kind}): ${fault}`),
    )
  }

  *#judge(operation: Operation): Generator<string> {
    const { kind, runs, outcome, items, itemCount, timeoutMs, startedAtMs, settledAtMs } = operation
    const mayRepeat = kind === 'idempotent'
    if (runs.length > 1 && !mayRepeat) yield `ran ${runs.length} times: ${runs.join(', ')}`
    if (outcome === undefined || settledAtMs === undefined) {
      yield 'never settled'
      return
    }
    if (timeoutMs !== undefined && settledAtMs > startedAtMs + timeoutMs + toleranceMs) {
      yield `settled after ${settledAtMs - startedAtMs} ms, its time was ${timeoutMs} ms`
    }
    if (items.some((item, index) => item !== index)) yield `items out of order: ${items.join(',')}`
    if (outcome.ok) yield* this.#judgeValue(operation, outcome.value)
    else yield* this.#judgeError(operation, outcome.error)
    if (outcome.ok && kind === 'stream' && items.length !== itemCount)
      yield `${items.length} items of ${itemCount} before its result`
  }

  *#judgeValue({ kind, runs, itemCount }: Operation, value: unknown): Generator<string> {
    if (runs.length === 0) yield 'gave a result and never ran'
    const { run, sum } = value as { run: string; sum?: number }
    if (!runs.includes(run)) yield `gave the result of ${run}, its runs are ${runs.join(', ')}`
    if (kind === 'throwing') yield 'threw, and gave a result'
    if (kind === 'upload' && sum !== (itemCount * (itemCount - 1)) / 2) yield `summed up to ${sum}`
  }

  *#judgeError(operation: Operation, error: unknown): Generator<string> {
    const { kind, runs, isCancelled, settledAtMs = 0, timeoutMs } = operation
    if (!(error instanceof IsockError)) {
      yield `failed with ${String(error)}`
      return
    }
    if (error.notStarted && runs.length > 0)
      yield `was said not to have started (${error.code}: ${error.message}), but ran: ${runs.join(', ')}`
    if (error.code === 'PLANNED') {
      if (kind !== 'throwing') yield 'threw what it does not throw'
      if (runs.length !== 1) yield `its exception came, but it ran ${runs.length} times`
      return
    }
    const before = this.faults.filter(({ atMs }) => atMs <= settledAtMs)
    const isExpected =
      before.length > 0 ||
      (error.code === 'CANCELLED' && isCancelled) ||
      (error.code === 'DEADLINE_EXCEEDED' && timeoutMs !== undefined)
    if (!isExpected) yield `failed without a fault: ${error.code}: ${error.message}`
    if (error instanceof OutcomeUnknownError && !this.#mayBeUnknown(operation, before)) {
      yield `its outcome was unknown though its server lived and it had ${operation.retries} retries`
    }
  }

  /** Nobody can know when a server died or forgot the session; else only when the retries did not suffice. */
  #mayBeUnknown({ startedAtMs, retries }: Operation, before: readonly Fault[]): boolean {
    // The server may notice a cut at once and the client only by its heartbeat.
    if (this.leaseMs < 60_000) return true
    // A silent cut before its start may be found only while it runs.
    const felt = before.filter(({ atMs }) => atMs >= startedAtMs - 120_000)
    return felt.some(({ kind }) => kind !== 'cut') || felt.length > retries
  }
}
