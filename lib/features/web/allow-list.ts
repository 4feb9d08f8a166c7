// A list of allowed hosts or origins: exact values and wildcards ('*.example.org'), or a function.
import { invalidOption } from '../../core/base/options.ts'

/**
 * Exact values, and patterns whose first label is `*`, as in 'https://*.example.org', which matches one label or more; or
 * a function that returns `true` for allowed values. `'any'` turns the check off.
 */
export type AllowList = readonly string[] | 'any' | ((value: string) => boolean)

/** A list of allowed values, in lower case. */
export class AllowedTexts {
  readonly #exact = new Set<string>()
  readonly #patterns: { readonly before: string; readonly after: string }[] = []

  constructor(texts: Iterable<string>) {
    for (const text of texts) {
      const at = text.indexOf('*')
      if (at === -1) this.#exact.add(text)
      else this.#patterns.push({ before: text.slice(0, at), after: text.slice(at + 1) })
    }
  }

  has(text: string): boolean {
    return this.#exact.has(text) || this.#patterns.some((pattern) => fits(pattern, text))
  }
}

function fits({ before, after }: { readonly before: string; readonly after: string }, text: string): boolean {
  if (!text.startsWith(before) || !text.endsWith(after)) return false
  const labels = text.slice(before.length, text.length - after.length)
  return /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(labels)
}

/** Checks a list, and returns it in lower case. Throws ClientError (`INVALID_OPTION`), also for values that can never match. */
export function requireTexts(
  name: string,
  given: unknown,
  isRight: (text: string) => boolean,
  expected: string,
): string[] {
  const wanted = `'any', a function, or a list of ${expected}`
  if (given instanceof RegExp || (Array.isArray(given) && given.some((each) => each instanceof RegExp)))
    throw invalidOption(name, `${wanted}; in place of a RegExp: (value) => pattern.test(value)`, given)
  if (!Array.isArray(given)) throw invalidOption(name, wanted, given)
  return given.map((text: unknown) => {
    const small = typeof text === 'string' ? text.toLowerCase() : ''
    const tried = withoutStar(small)
    if (tried.includes('*') || !isRight(tried)) throw invalidOption(name, wanted, text)
    return small
  })
}

/** Replaces a star by a label if it is allowed: before two labels, or before 'localhost'. */
function withoutStar(text: string): string {
  return text.replace(/^([a-z][a-z0-9+.-]*:\/\/)?\*\.(?=[^./:]+\.[^.]|localhost(:|$))/, '$1label.')
}
