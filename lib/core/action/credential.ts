// Credential, what a client presents to a guard.

/** What a client presents to one guard. Made by `Guard.credential`. */
export interface Credential {
  readonly guard: string
  readonly value: unknown
}
