// The names that a bag of options takes, and the check that refuses all others: one table for each bag, beside its type.
// Leaves the values of the options to the one who reads them.
import { ClientError } from './errors.ts'
import { notOptions, unknownOption, unprotected } from './option-messages.ts'

/**
 * What each option of a bag may be given as. `protects`: without it somebody gets in, or reads along, who should not, so that
 * undefined is refused: it is what `process.env.TOKEN` is where the variable is not set. `any`: undefined means the default.
 */
export type OptionTable<Bag> = { readonly [Name in keyof Required<Bag>]: 'any' | 'protects' }

/**
 * Refuses what is not an object, an unknown name, and undefined for what protects. `label` is what takes the options, as in
 * 'Server'. The defaults of a bag are a table of it too, where nothing protects. No object is made unless something is wrong:
 * each call's options are checked.
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

/** The options over their defaults; one that is undefined counts as left out. */
export function withDefaults<Defaults extends object>(defaults: Defaults, given: object): Defaults {
  const filled = { ...defaults } as Record<string, unknown>
  for (const [name, value] of Object.entries(given)) if (value !== undefined) filled[name] = value
  return filled as Defaults
}

function refused(message: string): ClientError {
  return new ClientError(message, { code: 'INVALID_OPTION' })
}
