// Nodes of a travel tree that one of our own transformers carries: ordinary arrays and objects that
// bear its name under a symbol, which JSON does not look at.

/** The transformers that we add to superjson, as PROTOCOL.md lists them. */
export type TravelKind = 'bytes' | 'class' | 'entries' | 'error' | 'invalid-date' | 'stream'

const mark: unique symbol = Symbol('isock travel kind')

interface TravelNode {
  [mark]?: TravelKind
}

/** Marks a node for the transformer of that name. */
export function markNode<T extends object>(kind: TravelKind, node: T): T {
  const marked: TravelNode = node
  marked[mark] = kind
  return node
}

/** The transformer that a node is marked for. One look: it is asked of every value. */
export function travelKindOf(value: unknown): TravelKind | undefined {
  return typeof value === 'object' && value !== null ? (value as TravelNode)[mark] : undefined
}

/**
 * An array or object with nothing in it that needs an annotation: to superjson-format.ts a leaf that it knows nothing of and leaves as
 * it is, to JSON.stringify what it holds. Rows of plain data beside one Date so cost what plain data costs.
 */
export class PlainPart {
  readonly #content: object

  constructor(content: object) {
    this.#content = content
  }

  toJSON(): object {
    return this.#content
  }
}

/** Whether JSON carries it: false for NaN, the infinities and -0. */
export function isJsonNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0)
}
