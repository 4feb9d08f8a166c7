// The actions that may be called by GET, and the Cache-Control of their answers: those that declare both `idempotent` and
// `cacheControl`, which only actions without side effects should.
import type { RegisteredAction } from '../action/registry.ts'

/** The action's `cacheControl`; undefined if it must not be called by GET. */
export function cacheControlOf({ actionClass }: RegisteredAction): string | undefined {
  const { idempotent, cacheControl } = actionClass ?? {}
  return idempotent === true && isHeaderValue(cacheControl) ? cacheControl : undefined
}

/** An invalid header value would fail every call. */
function isHeaderValue(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value)
}
