// The error messages for wrong option names. The bundle for browsers has shorter texts.
import { nearestNames } from './nearest-names.ts'

export function notOptions(label: string, given: unknown): string {
  const actual = given === null ? 'null' : Array.isArray(given) ? 'a list' : `a ${typeof given}`
  const hint = label === 'runAction' ? '; an action takes one value: pass several as an object or a list' : ''
  return `${label}: expected an object with options, got ${actual}${hint}`
}

export function unknownOption(label: string, name: string, known: readonly string[]): string {
  const near = nearestNames(name, known)
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `there are ${known.join(', ')}`
  return `${label}: unknown option ${JSON.stringify(name)}; ${hint}`
}

export function unprotected(label: string, name: string): string {
  return `${label} option ${name}: undefined protects nothing; is the variable or setting that it comes from missing? Omit the option if you do not want it`
}
