// What to write where a program uses a feature that its server lacks.
import { ServerError } from '../base/errors.ts'

const lines = {
  data: "features: [data({ models: [...] })], with data from 'isock/data'",
  threads: "features: [threads()], with threads from 'isock/threads'",
} as const

/** Reading `db` of what has this prototype throws, until a feature gives it one. Its type comes with the feature. */
export function throwWithoutData(prototype: object, what: string): void {
  const get = (): never => {
    throw missingFeature(what, 'data')
  }
  Object.defineProperty(prototype, 'db', { configurable: true, get })
}

/** `what` is what needs the feature, as in `context.db`. */
export function missingFeature(what: string, feature: keyof typeof lines): ServerError {
  const message = `${what}: no ${feature} here; it is there on a server that is made with { ${lines[feature]} }`
  return new ServerError(message, { code: 'INVALID_USAGE' })
}
