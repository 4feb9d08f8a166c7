// Prints calls in columns: what was called, what came back, and how long it took.
import { inspect } from 'node:util'

const widths = [34, 34] as const

export function printHeading(text: string): void {
  console.log(`\n${text}`)
}

export function printRow(call: string, value: string, tookMs?: number): void {
  const time = tookMs === undefined ? '' : `${tookMs.toFixed(1).padStart(7)} ms`
  console.log(`  ${call.padEnd(widths[0])}  ${value.padEnd(widths[1])} ${time}`.trimEnd())
}

/** A value on one line. */
export function show(value: unknown): string {
  return inspect(value, { breakLength: Number.POSITIVE_INFINITY })
}

/** Waits for a call and prints it with its value and its time. */
export async function printCall<Value>(label: string, run: () => PromiseLike<Value>): Promise<Value> {
  const startedAt = performance.now()
  const value = await run()
  printRow(label, show(value), performance.now() - startedAt)
  return value
}
