// Which actions may be called by GET, and the Cache-Control of their answers: those that declare both that they may run again and what
// to tell caches, which only what changes nothing should.
import type { RegisteredAction } from '../action/registry.ts'

/** The action's `cacheControl`; undefined: it is not for GET. */
export function cacheControlOf({ actionClass }: RegisteredAction): string | undefined {
  const { idempotent, cacheControl } = actionClass ?? {}
  return idempotent === true && isHeaderValue(cacheControl) ? cacheControl : undefined
}

/** What could not be sent as a header would fail each call. */
function isHeaderValue(value: unknown): value is string {
  return typeof value === 'string' && /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value)
}
