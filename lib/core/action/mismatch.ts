// Mismatch, the type by which the compiler says in words what is wrong.

declare const reason: unique symbol

/** Stands where a value would be, if the types of an action do not fit each other; the compiler prints its text. */
export interface Mismatch<Text extends string> {
  readonly [reason]: Text
}
