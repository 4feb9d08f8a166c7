// What must be true of operations over the fake store: of what their callers heard, and of the effects that are in the store in the end.
// Knows nothing of sessions, numbers, rows of answers or servers.
import { CancelledError, DeadlineError, IsockError, OutcomeUnknownError } from '../../../lib/index.ts'
import type { Done, Request } from './actions.ts'
import type { RowData } from './sql.ts'

export type OperationKind = 'pay' | 'look' | 'feed' | 'collect' | 'confirm' | 'plain' | 'ask' | 'again'

const transactional: ReadonlySet<OperationKind> = new Set(['pay', 'look', 'feed', 'collect', 'confirm'])

export interface Operation {
  readonly request: Request
  readonly kind: OperationKind
  readonly startedAtMs: number
  readonly timeoutMs: number | undefined
  /** Its client outlasts all that servers suffer, and has a session that is recorded. */
  isPatient: boolean
  isCancelled: boolean
  readonly runs: string[]
  readonly items: number[]
  outcome: { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: unknown } | undefined
  settledAtMs: number | undefined
  /** Nothing had happened to anyone when it was settled. */
  wasCalm: boolean
}

/** Whether its outcome shows that its session was recorded when it was settled. */
export function showsSession({ kind, outcome }: Operation): boolean {
  return kind !== 'look' && transactional.has(kind) && outcome?.ok === true && !(outcome.value as Done).isIdle
}

const toleranceMs = 1

export class Oracle {
  readonly operations: Operation[] = []
  readonly complaints: string[] = []
  /** The store was away, or a program ended a session: then an outcome may remain unknown. */
  mayBeUnknown = false
  /** Something has happened to servers, or their links. */
  wasTroubled = false
  /** Failovers that lost the last commits: nothing is promised of the calls of that time, but that none has two effects. */
  readonly failovers: { readonly atMs: number; readonly lostMs: number }[] = []

  begin(operation: Pick<Operation, 'request' | 'kind' | 'startedAtMs' | 'timeoutMs' | 'isPatient'>): Operation {
    const begun: Operation = {
      ...operation,
      isCancelled: false,
      runs: [],
      items: [],
      outcome: undefined,
      settledAtMs: undefined,
      wasCalm: false,
    }
    this.operations.push(begun)
    return begun
  }

  run(id: number, where: string): string {
    const { runs } = this.operations[id] as Operation
    const run = `${id}.${runs.length}@${where}`
    runs.push(run)
    return run
  }

  /** Everything that must not be, by the rows that the store has in the end. */
  violations(ledger: readonly RowData[], accounts: readonly RowData[]): string[] {
    const faults = this.operations.flatMap((operation) => {
      const { request, kind } = operation
      const effects = ledger.filter(({ op }) => op === request.id).map(({ run }) => String(run))
      return [...this.#judge(operation, effects)].map((fault) => `operation ${request.id} (${kind}): ${fault}`)
    })
    return [...this.complaints, ...faults, ...this.#judgeAccounts(ledger, accounts)]
  }

  /** What one transaction wrote is there in full, or not at all. */
  *#judgeAccounts(ledger: readonly RowData[], accounts: readonly RowData[]): Generator<string> {
    const counts = new Map<number, number>()
    for (const { op } of ledger)
      for (const account of this.operations[Number(op)]?.request.accounts ?? [])
        counts.set(account, (counts.get(account) ?? 0) + 1)
    for (const { id, entries } of accounts)
      if ((counts.get(Number(id)) ?? 0) !== entries)
        yield `account ${id} counts ${entries} effects, there are ${counts.get(Number(id)) ?? 0}`
  }

  *#judge(operation: Operation, effects: readonly string[]): Generator<string> {
    const { kind, outcome, items, timeoutMs, startedAtMs, settledAtMs } = operation
    if (effects.length > 1) yield `has ${effects.length} effects: ${effects.join(', ')}`
    if (outcome === undefined || settledAtMs === undefined) {
      yield 'never settled'
      return
    }
    if (timeoutMs !== undefined && settledAtMs > startedAtMs + timeoutMs + toleranceMs)
      yield `settled after ${settledAtMs - startedAtMs} ms, its time was ${timeoutMs} ms`
    if (items.some((item, index) => item !== index)) yield `items out of order: ${items.join(',')}`
    if (!transactional.has(kind)) yield* judgePlain(operation)
    else if (!this.#wasFailedOver(operation)) yield* this.#judgeTransactional(operation, effects)
  }

  #wasFailedOver({ startedAtMs, settledAtMs = 0 }: Operation): boolean {
    return this.failovers.some(({ atMs, lostMs }) => startedAtMs <= atMs && settledAtMs >= atMs - lostMs)
  }

  *#judgeTransactional(
    { kind, outcome, request, items, isPatient, wasCalm }: Operation,
    effects: readonly string[],
  ): Generator<string> {
    if (outcome?.ok === true) {
      const { run, isIdle, sum } = outcome.value as Done & { sum?: number }
      const expected = kind === 'look' || isIdle ? 'none' : run
      const found = effects[0] ?? (kind === 'look' || isIdle ? 'none' : 'no effect')
      if (found !== expected) yield `gave the value of ${run}, its effect is ${found}`
      if (kind === 'feed' && items.length !== request.itemCount) yield `${items.length} items of ${request.itemCount}`
      if (sum !== undefined && sum !== sumOf(request.itemCount)) yield `summed up to ${sum}`
      return
    }
    const error = outcome?.error
    if (!(error instanceof IsockError)) yield `failed with ${String(error)}`
    const mayHaveEffect =
      error instanceof OutcomeUnknownError || error instanceof CancelledError || error instanceof DeadlineError
    if (error instanceof OutcomeUnknownError && (isPatient || wasCalm) && !this.mayBeUnknown)
      yield `its outcome is unknown, though its store was there: ${error.message}`
    const saysNotStarted = error instanceof IsockError && error.notStarted
    if (effects.length > 0 && (saysNotStarted || !mayHaveEffect))
      yield `failed (${String(error)}${saysNotStarted ? ', not started' : ''}), and has the effect ${effects.join(', ')}`
  }
}

function* judgePlain({ kind, runs, outcome }: Operation): Generator<string> {
  if (kind !== 'again' && runs.length > 1) yield `ran ${runs.length} times: ${runs.join(', ')}`
  if (outcome?.ok === true) {
    const { run } = outcome.value as { run: string }
    if (!runs.includes(run)) yield `gave the result of ${run}, its runs are ${runs.join(', ')}`
    return
  }
  const error = outcome?.error
  if (!(error instanceof IsockError)) yield `failed with ${String(error)}`
  else if (error.notStarted && runs.length > 0)
    yield `was said not to have started (${String(error)}), but ran: ${runs.join(', ')}`
}

function sumOf(count: number): number {
  return (count * (count - 1)) / 2
}
