// The changes of one unit of work, of models that publish theirs: told once they are committed, forgotten otherwise.
import type { ServerView } from '../../../core/action/context.ts'
import type { Change, ChangeKind } from '../changes.ts'
import type { Row } from '../plan.ts'
import type { Plans } from '../plans.ts'

export interface ChangeTeller {
  readonly publish: ServerView['publish']
  /** Tells the operator what no caller can do anything about. `origin` is what failed. */
  report(error: unknown, origin: string): void
}

interface Entry {
  readonly kind: ChangeKind
  readonly row: Row
  /** Of a dropped row, which may change until the commit and means nothing then. */
  readonly dictionary: Record<string, unknown> | undefined
}

export class ChangeLog {
  readonly #plans: Plans
  readonly #teller: ChangeTeller | undefined
  #entries: Entry[] = []

  /** Without a teller nothing is kept. */
  constructor(plans: Plans, teller: ChangeTeller | undefined) {
    this.#plans = plans
    this.#teller = teller
  }

  get length(): number {
    return this.#entries.length
  }

  add(kind: ChangeKind, row: Row): void {
    if (this.#teller === undefined || this.#plans.ofRow(row).model.publishes === undefined) return
    this.#entries.push({ kind, row, dictionary: kind === 'dropped' ? row.toDict() : undefined })
  }

  /** What came after this length was rolled back. */
  forgetFrom(length: number): void {
    this.#entries.length = Math.min(this.#entries.length, length)
  }

  /** Never rejects. */
  async publish(): Promise<void> {
    const entries = this.#entries
    this.#entries = []
    for (const [row, kind] of netChanges(entries)) await this.#tell(row, kind, entries)
  }

  async #tell(row: Row, kind: ChangeKind, entries: readonly Entry[]): Promise<void> {
    const plan = this.#plans.ofRow(row)
    const { publishes } = plan.model
    if (publishes === undefined || this.#teller === undefined) return
    try {
      const kept = entries.findLast((entry) => entry.row === row)?.dictionary
      const change: Change = { model: plan.name, change: kind, pk: row.pk, row: kept ?? row.toDict() }
      if (typeof publishes === 'function') await this.#teller.publish<Change>(publishes, change)
      else {
        const key = publishes.key(change)
        await this.#teller.publish<Change>(publishes.channel, change, key === undefined ? {} : { key })
      }
    } catch (error) {
      this.#teller.report(error, 'publishing a change of data')
    }
  }
}

/** One change for each row: what is new and was changed is new; what is new and was dropped never was. */
function netChanges(entries: readonly Entry[]): Map<Row, ChangeKind> {
  const net = new Map<Row, ChangeKind>()
  for (const { kind, row } of entries) {
    const before = net.get(row)
    if (before === 'created' && kind === 'dropped') net.delete(row)
    else if (before === undefined || kind === 'dropped') net.set(row, kind)
  }
  return net
}
