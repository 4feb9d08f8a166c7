// Nodes of a wire tree that belong to one of our own transformers: ordinary arrays and objects with its name under a
// symbol, which JSON ignores.

/** The transformers that we add to superjson, listed in PROTOCOL.md. */
export type WireNodeKind = 'bytes' | 'class' | 'entries' | 'error' | 'invalid-date' | 'stream'

const mark: unique symbol = Symbol('isock wire node kind')

interface WireNode {
  [mark]?: WireNodeKind
}

/** Marks a node for the transformer of that name. */
export function markNode<T extends object>(kind: WireNodeKind, node: T): T {
  const marked: WireNode = node
  marked[mark] = kind
  return node
}

/** The transformer for which a node is marked. A single lookup, because it runs for every value. */
export function wireNodeKindOf(value: unknown): WireNodeKind | undefined {
  return typeof value === 'object' && value !== null ? (value as WireNode)[mark] : undefined
}

/**
 * An array or object without anything to annotate: superjson-format.ts leaves it as it is, and JSON.stringify writes its
 * content. So rows of plain data beside one Date cost what plain data costs.
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

/** Whether JSON can represent it: false for NaN, the infinities and -0. */
export function isJsonNumber(value: number): boolean {
  return value - value === 0 && (value !== 0 || 1 / value > 0)
}
