// Passwords: argon2id with the parameters recommended by its library, off the event loop.
import { withPackages } from '../../core/base/optional-packages.ts'
import { InvalidDataError } from './data-errors.ts'

const argon2 = () => withPackages('a password', ['@node-rs/argon2'], () => import('@node-rs/argon2'))

/** Longer ones take time and are no safer. */
const maxLength = 1_024

/**
 * The argon2id hash of a password, with its salt and parameters.
 *
 * @throws InvalidDataError for an empty text or one of more than 1 024 characters.
 */
export async function hashPassword(password: string): Promise<string> {
  if (typeof password !== 'string' || password === '' || password.length > maxLength)
    throw new InvalidDataError(`a password must be a text of 1 to ${maxLength} characters`)
  const { hash } = await argon2()
  return hash(password)
}

/**
 * Whether a hash belongs to this password. False, never an error, for an invalid hash or password.
 *
 * @example if (await verifyPassword(user.password, given)) return user
 */
export async function verifyPassword(hashed: string | null | undefined, password: string): Promise<boolean> {
  if (typeof hashed !== 'string' || typeof password !== 'string' || password.length > maxLength) return false
  const { verify } = await argon2()
  try {
    return await verify(hashed, password)
  } catch {
    return false
  }
}
