// The form in which messages of durable channels are kept, and which keys can be kept.
import { ServerError } from '../../core/base/errors.ts'

/** In the place of a message's number, which it gets with its commit. */
export const unnumbered = Number.MAX_SAFE_INTEGER

/** Stores keep texts as UTF-8 and without NUL: another key would be kept as the same. @throws ServerError (`BAD_REQUEST`). */
export function requireStorable(key: string): void {
  if (key.includes('\0') || /\p{Surrogate}/u.test(key))
    throw new ServerError('key: expected text without NUL and half surrogate pairs for a durable channel', {
      code: 'BAD_REQUEST',
      notStarted: true,
    })
}
