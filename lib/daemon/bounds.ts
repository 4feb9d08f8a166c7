// The bounds of a daemon's numeric options: times that timers support, and sizes that files can have.
import { invalidOption } from '../core/base/options.ts'

/** About 24 days. A longer timer would fire immediately. */
export const maxTimeMs = 2 ** 31 - 1

export function isTimeMs(value: unknown, leastMs = 0): value is number {
  return Number.isInteger(value) && (value as number) >= leastMs && (value as number) <= maxTimeMs
}

export function isSize(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}

/** @throws ClientError (`INVALID_OPTION`). */
export function requireTimeMs(name: string, value: unknown, leastMs = 0): number {
  if (isTimeMs(value, leastMs)) return value
  throw invalidOption(name, `a whole number of milliseconds from ${leastMs} to ${maxTimeMs}`, value)
}

/** @throws ClientError (`INVALID_OPTION`). */
export function requireSize(name: string, value: unknown): number {
  if (isSize(value)) return value
  throw invalidOption(name, `a whole number of bytes from 1 to ${Number.MAX_SAFE_INTEGER}`, value)
}
