// The names that an options object accepts, and the check that rejects all others. One table for each type, beside it.
// Leaves the values to the code that reads them.
import { ClientError } from './errors.ts'
import { notOptions, unknownOption, unprotected } from './option-messages.ts'

/**
 * What each option may be set to. `protects`: omitting it lets a stranger in or exposes data, so undefined is rejected,
 * because it is the value of `process.env.TOKEN` when the variable is not set. `any`: undefined means the default.
 */
export type OptionTable<Bag> = { readonly [Name in keyof Required<Bag>]: 'any' | 'protects' }

/**
 * Rejects anything but an object, an unknown name, and undefined for an option that protects. `label` names the receiver of
 * the options, such as 'Server'. An object of defaults also serves as a table if none of its options protects. Allocates nothing
 * unless something is wrong, because the options of every call are checked.
 *
 * @throws ClientError (`INVALID_OPTION`).
 */
export function checkOptions<Bag extends object>(
  label: string,
  given: Bag,
  table: { readonly [Name in keyof Required<Bag>]: unknown },
): void {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) throw refused(notOptions(label, given))
  for (const name in given) {
    const kind: unknown = table[name]
    if (kind === 'any') continue
    if (!Object.hasOwn(table, name)) throw refused(unknownOption(label, name, Object.keys(table)))
    if (kind === 'protects' && given[name] === undefined) throw refused(unprotected(label, name))
  }
}

/** Options with their defaults. */
export type Filled<Bag> = { readonly [Name in keyof Bag]-?: Exclude<Bag[Name], undefined> }

/** The options over their defaults; undefined counts as omitted. */
export function withDefaults<Defaults extends object>(defaults: Defaults, given: object): Defaults {
  const filled = { ...defaults } as Record<string, unknown>
  for (const [name, value] of Object.entries(given)) if (value !== undefined) filled[name] = value
  return filled as Defaults
}

function refused(message: string): ClientError {
  return new ClientError(message, { code: 'INVALID_OPTION' })
}
