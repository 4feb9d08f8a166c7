// The error for a feature that the server lacks, with the line that adds it.
import { ServerError } from '../base/errors.ts'

const lines = {
  data: "{ features: [data({ models: [...] })] }, with data from 'isock/data'",
  threads: "{ features: [threads()] }, with threads from 'isock/threads'",
} as const

/** Reading `db` of an object with this prototype throws, until a feature defines it. The feature declares its type. */
export function throwWithoutData(prototype: object, what: string): void {
  const get = (): never => {
    throw missingFeature(what, 'data')
  }
  Object.defineProperty(prototype, 'db', { configurable: true, get })
}

/** `what` is the member that needs the feature, as in `context.db`. */
export function missingFeature(what: string, feature: keyof typeof lines): ServerError {
  const message = `${what} needs the feature ${feature}: create the server with ${lines[feature]}`
  return new ServerError(message, { code: 'INVALID_USAGE' })
}
