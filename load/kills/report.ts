// What a run has found, and its table.
import type { Breaches } from './judge.ts'

export interface Report {
  readonly store: 'file' | 'postgres'
  readonly seed: number
  readonly seconds: number
  /** How often each fault was done. */
  readonly faults: Readonly<Record<string, number>>
  /** Kinds of faults that could not be done here, each with the reason. */
  readonly skipped: readonly string[]
  /** What callers heard, by word: 'ok' is an acknowledged call. */
  readonly calls: Readonly<Record<string, number>>
  /** The same, of calls with a key. */
  readonly keyed: Readonly<Record<string, number>>
  readonly keyedKills: number
  readonly retries: number
  readonly clients: number
  readonly breaches: Breaches
  readonly examples: readonly string[]
  /** What callers heard in place of answers, and how often. */
  readonly errors: Readonly<Record<string, number>>
  /** What stopped the run before its end. */
  readonly trouble?: string
}

export function countOf(faults: Report['faults']): number {
  return Object.values(faults).reduce((sum, count) => sum + count, 0)
}

export function isClean({ breaches, trouble }: Report): boolean {
  return trouble === undefined && Object.values(breaches).every((count) => count === 0)
}

const titles: Readonly<Record<keyof Breaches, string>> = {
  sums: 'accounts that differ from their entries',
  doubles: 'doubles: effects beyond the first of a call',
  lost: 'lost: acknowledged, without an effect',
  wrong: 'wrong answers',
  untrue: 'reported as not kept, with an effect',
  unknown: 'transactional calls of unknown outcome',
  gaps: 'lists with gaps',
  unexpected: 'other errors, effects of no call',
}

/** One column for each store. */
export function tableOf(reports: readonly Report[]): string {
  const rows: [string, ...(number | string)[]][] = []
  const add = (title: string, value: (report: Report) => number | string): void => {
    rows.push([title, ...reports.map(value)])
  }
  add('', ({ store }) => store)
  add('seconds', ({ seconds }) => Math.round(seconds))
  for (const name of [...new Set(reports.flatMap(({ faults }) => Object.keys(faults)))].sort())
    add(name, ({ faults }) => faults[name] ?? 0)
  add('faults in all', ({ faults }) => countOf(faults))
  add('processes of callers killed', ({ keyedKills }) => keyedKills)
  add('calls acknowledged', ({ calls }) => calls['ok'] ?? 0)
  add('calls acknowledged, with a key', ({ keyed }) => keyed['ok'] ?? 0)
  add('refused by the handler', ({ calls, keyed }) => (calls['refused'] ?? 0) + (keyed['refused'] ?? 0))
  add('retries', ({ retries }) => retries)
  add('failed, nothing kept', ({ calls, keyed }) => sumOf(calls, keyed, ['not kept', 'not started']))
  add(
    'unknown outcome (durable, or first of a session)',
    ({ calls, keyed, breaches }) => sumOf(calls, keyed, ['unknown']) - breaches.unknown,
  )
  add('left open (with a key)', ({ keyed }) => keyed['open'] ?? 0)
  for (const [which, title] of Object.entries(titles))
    add(title, ({ breaches }) =>
      `${breaches[which as keyof Breaches]} ${breaches[which as keyof Breaches] === 0 ? '' : 'BROKEN'}`.trim(),
    )
  const width = Math.max(...rows.map(([title]) => title.length))
  return rows
    .map(([title, ...cells]) => [title.padEnd(width), ...cells.map((cell) => String(cell).padStart(12))].join(' '))
    .join('\n')
}

function sumOf(calls: Report['calls'], keyed: Report['keyed'], words: readonly string[]): number {
  return words.reduce((sum, word) => sum + (calls[word] ?? 0) + (keyed[word] ?? 0), 0)
}
