// The changes of one unit of work, for models that publish theirs: published once committed, dropped otherwise.
import type { ServerView } from '../../../core/action/context.ts'
import type { Change, ChangeKind } from '../changes.ts'
import type { Row } from '../plan.ts'
import type { Plans } from '../plans.ts'

export interface ChangePublisher {
  readonly publish: ServerView['publish']
  /** Reports an error that no caller can act on. `origin` names what failed. */
  report(error: unknown, origin: string): void
}

interface Entry {
  readonly kind: ChangeKind
  readonly row: Row
  /** For a dropped row, which may change until the commit and means nothing then. */
  readonly dictionary: Record<string, unknown> | undefined
}

export class ChangeLog {
  readonly #plans: Plans
  readonly #publisher: ChangePublisher | undefined
  #entries: Entry[] = []

  /** Without a publisher nothing is recorded. */
  constructor(plans: Plans, publisher: ChangePublisher | undefined) {
    this.#plans = plans
    this.#publisher = publisher
  }

  get length(): number {
    return this.#entries.length
  }

  add(kind: ChangeKind, row: Row): void {
    if (this.#publisher === undefined || this.#plans.ofRow(row).model.publishes === undefined) return
    this.#entries.push({ kind, row, dictionary: kind === 'dropped' ? row.toDict() : undefined })
  }

  /** Drops the entries after this length, which were rolled back. */
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
    if (publishes === undefined || this.#publisher === undefined) return
    try {
      const kept = entries.findLast((entry) => entry.row === row)?.dictionary
      const change: Change = { model: plan.name, change: kind, pk: row.pk, row: kept ?? row.toDict() }
      if (typeof publishes === 'function') await this.#publisher.publish<Change>(publishes, change)
      else {
        const key = publishes.key(change)
        await this.#publisher.publish<Change>(publishes.channel, change, key === undefined ? {} : { key })
      }
    } catch (error) {
      this.#publisher.report(error, 'publishing a change of data')
    }
  }
}

/** One change for each row: new and changed is new; new and dropped is nothing. */
function netChanges(entries: readonly Entry[]): Map<Row, ChangeKind> {
  const net = new Map<Row, ChangeKind>()
  for (const { kind, row } of entries) {
    const before = net.get(row)
    if (before === 'created' && kind === 'dropped') net.delete(row)
    else if (before === undefined || kind === 'dropped') net.set(row, kind)
  }
  return net
}
