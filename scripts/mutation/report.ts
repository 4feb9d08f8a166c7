// What came of the faults: a table with a line for each room, those that nothing saw, and the same as JSON.
import type { Fault } from './faults.ts'
import type { SpecResult } from './spec-run.ts'

export interface Tried {
  readonly fault: Fault
  readonly room: string
  readonly result: SpecResult
  readonly ms: number
  /** Of `--everywhere`: how many spec files reach it, and whether those of its own room saw it. */
  readonly reach?: { readonly files: number; readonly isSeenNear: boolean }
}

/** A hang counts as seen: continuous integration would not pass. */
export function isSeen({ result }: Pick<Tried, 'result'>): boolean {
  return result.how !== 'passed' && result.how !== 'stopped'
}

export interface Row {
  readonly room: string
  readonly planted: number
  readonly seen: number
}

export function rowsOf(tried: readonly Tried[]): Row[] {
  const rooms = [...new Set(tried.map(({ room }) => room))].sort()
  return rooms.map((room) => {
    const own = tried.filter((each) => each.room === room)
    return { room, planted: own.length, seen: own.filter(isSeen).length }
  })
}

export function tableOf(tried: readonly Tried[]): string {
  const rows = rowsOf(tried)
  const sum = (of: (row: Row) => number): number => rows.reduce((total, row) => total + of(row), 0)
  const all = { room: 'all', planted: sum(({ planted }) => planted), seen: sum(({ seen }) => seen) }
  const width = Math.max(...rows.map(({ room }) => room.length), 4)
  const lines = [...(rows.length > 1 ? rows : []), all].map(({ room, planted, seen }) => {
    const share = planted === 0 ? '-' : `${((100 * seen) / planted).toFixed(1)} %`
    return `${room.padEnd(width)}  ${String(planted).padStart(7)}  ${String(seen).padStart(4)}  ${String(planted - seen).padStart(8)}  ${share.padStart(7)}`
  })
  return [`${'room'.padEnd(width)}  planted  seen  survived    share`, ...lines].join('\n')
}

/** How many the specs of their own rooms saw. Undefined where that was not looked at. */
export function nearText(tried: readonly Tried[]): string | undefined {
  const reached = tried.filter(({ reach }) => reach !== undefined)
  if (reached.length === 0) return undefined
  const near = reached.filter(({ reach }) => reach?.isSeenNear).length
  return `${near} of them (${((100 * near) / reached.length).toFixed(1)} %) by the specs of their own rooms`
}

/** One that was not seen, with the command that plants it again. */
export function survivorText({ fault, reach }: Pick<Tried, 'fault' | 'reach'>, line: string): string {
  const reached = reach === undefined ? '' : `  (reached by ${reach.files} spec files)`
  return `${placeOf(fault)}  ${fault.kind}: ${oneLine(fault.from)} -> ${oneLine(fault.to)}${reached}\n    ${line.trim()}`
}

export function placeOf({ file, line, column }: Pick<Fault, 'file' | 'line' | 'column'>): string {
  return `${file}:${line}:${column}`
}

function oneLine(text: string): string {
  const short = text.replace(/\s+/g, ' ')
  return short.length > 80 ? `${short.slice(0, 77)}...` : short
}

/** For a terminal: how far it is, and how long it may still take. */
export function progressText(done: number, count: number, survived: number, elapsedMs: number): string {
  const width = 24
  const filled = Math.round((width * done) / Math.max(1, count))
  const leftMs = done === 0 ? undefined : (elapsedMs / done) * (count - done)
  const left = leftMs === undefined ? '' : `, ${Math.ceil(leftMs / 1_000)} s left`
  return `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${done} of ${count}, ${survived} survived${left}`
}

export function jsonOf(tried: readonly Tried[], seed: number): string {
  const faults = tried.map(({ fault, room, result, ms, reach }) => ({
    ...fault,
    room,
    ...result,
    isSeen: isSeen({ result }),
    ms,
    ...(reach === undefined ? {} : { reach }),
  }))
  return `${JSON.stringify({ seed, rooms: rowsOf(tried), faults }, undefined, 1)}\n`
}
