// Parses the URL of a store. An error never shows the URL of a server, because it may contain a password.
import { fileURLToPath } from 'node:url'
import { invalidOption } from '../../core/base/options.ts'

export type StorePlace =
  | { readonly kind: 'libsql' /** `:memory:` or a file. */; readonly path: string }
  | { readonly kind: 'postgresql'; readonly url: string }

const expected = 'memory:, file:<path> or postgres://user@host:port/database'

/** @throws ClientError (`INVALID_OPTION`). */
export function parseStoreUrl(url: unknown): StorePlace {
  if (typeof url !== 'string') throw invalidOption('data.url', expected, url)
  if (url === 'memory:') return { kind: 'libsql', path: ':memory:' }
  if (/^postgres(ql)?:\/\//.test(url)) {
    if (!URL.canParse(url)) throw invalidOption('data.url', expected, 'a postgres:// URL that cannot be read')
    return { kind: 'postgresql', url }
  }
  if (!url.startsWith('file:')) throw invalidOption('data.url', expected, schemeOf(url))
  const path = url.startsWith('file://') ? fileURLToPath(url) : url.slice('file:'.length)
  if (path === '' || path.includes('\0')) throw invalidOption('data.url', expected, url)
  return { kind: 'libsql', path }
}

function schemeOf(url: string): string {
  const end = url.indexOf(':')
  return end < 0 ? 'a text without a scheme' : `the scheme ${url.slice(0, end + 1)}`
}

/** Whether the store ends with the process. */
export function isVolatile(place: StorePlace): boolean {
  return place.kind === 'libsql' && place.path === ':memory:'
}
