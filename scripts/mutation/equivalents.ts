// Faults that break no promise: what they change, nobody can see, or is said nowhere. They are not planted. Each has its reason.
import type { Fault } from './faults.ts'

export interface Equivalent {
  readonly file: string
  /** The line of it, without the space around it. */
  readonly line: string
  readonly from: string
  readonly to: string
  readonly why: string
}

export const equivalents: readonly Equivalent[] = []

export function isEquivalent(fault: Fault, source: string, known: readonly Equivalent[] = equivalents): boolean {
  const line = source.split('\n')[fault.line - 1]?.trim()
  const { file, from, to } = fault
  return known.some((one) => one.file === file && one.line === line && one.from === from && one.to === to)
}
