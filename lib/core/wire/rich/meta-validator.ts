// Checks a peer's meta before superjson-format.ts, which trusts it. Rejects every annotation that our own encoder would not
// have made. Afterwards each path leads through own properties to one value of the annotated type, no annotation interferes
// with another, and nothing is left to follow, repeat or grow.

import { badRequest } from '../values/bad-request.ts'
import { type AnnotationContext, type AnnotationRule, annotationRule } from './annotation-rules.ts'
import { hasElement, keysOfPath } from './meta-path.ts'

/** The version of superjson's path syntax that both sides use. */
const metaVersion = 1

/**
 * Rejects a meta that does not exactly fit this JSON and these bytes.
 *
 * @throws ServerError with code `BAD_REQUEST`
 */
export function checkMeta(meta: unknown, json: unknown, context: AnnotationContext): void {
  if (!isRecord(meta)) throw badRequest('a meta that is not an object')
  if (Object.hasOwn(meta, 'referentialEqualities'))
    throw badRequest('shared references are sent as copies, never as equalities')
  if (Object.keys(meta).length !== 2 || !Object.hasOwn(meta, 'values') || meta['v'] !== metaVersion) {
    throw badRequest(`a meta other than { values, v: ${metaVersion} }`)
  }
  new MetaCheck(context).checkRoot(meta['values'], json)
}

class MetaCheck {
  readonly #context: AnnotationContext
  readonly #usedBytes: boolean[]
  #unusedBytes: number
  #annotations = 0

  constructor(context: AnnotationContext) {
    this.#context = context
    this.#usedBytes = []
    this.#unusedBytes = context.bytes.length
  }

  checkRoot(values: unknown, json: unknown): void {
    if (Array.isArray(values)) this.#checkTree(values, json, 0)
    else if (isRecord(values)) this.#checkPaths(values, json, 0)
    else throw badRequest('annotations of an unknown shape')
    if (this.#unusedBytes > 0) throw badRequest('bytes without a value')
  }

  /** `[type]` or `[type, { path: tree }]` for the JSON at one place, `depth` keys below the root. */
  #checkTree(tree: unknown, json: unknown, depth: number): void {
    if (!Array.isArray(tree) || tree.length === 0 || tree.length > 2)
      throw badRequest('an annotation of an unknown shape')
    if (++this.#annotations > this.#context.limits.maxAnnotations) {
      throw badRequest(`more than ${this.#context.limits.maxAnnotations} annotations`)
    }
    const rule = annotationRule(tree[0])
    if (!rule) throw badRequest('an unknown type annotation')
    if (!rule.accepts(json, this.#context))
      throw badRequest(`a value that is not a valid "${rule.name}", or a type that is not allowed`)
    if (rule.name === 'bytes') this.#useBytes((json as [string, number])[1])
    if (tree.length === 1) return
    if (!rule.allowsInside || !isRecord(tree[1])) throw badRequest(`annotations inside "${rule.name}"`)
    this.#checkPaths(tree[1], json, depth, rule)
  }

  /** Trees by their paths relative to `base`. */
  #checkPaths(trees: Record<string, unknown>, base: unknown, depth: number, rule?: AnnotationRule): void {
    const paths = Object.keys(trees)
    const targets: unknown[] = []
    const depths: number[] = []
    const passed = new Set<unknown>()
    for (const path of paths) {
      const keys = keysOfPath(path, this.#context.limits.maxDepth - depth)
      if (!keys) throw badRequest('a path that is malformed or too deep')
      if (rule?.allowsInside && !rule.allowsInside(keys))
        throw badRequest(`an annotation at the wrong place inside "${rule.name}"`)
      targets.push(follow(base, keys, passed))
      depths.push(depth + keys.length)
    }
    // A container on a path must still be there when its turn comes, in any order.
    for (let i = 0; i < paths.length; i++) {
      const target = targets[i]
      if (passed.size > 0 && passed.has(target)) throw badRequest('an annotation that conflicts with another')
      this.#checkTree(trees[paths[i] as string], target, depths[i] as number)
    }
  }

  #useBytes(index: number): void {
    if (this.#usedBytes[index]) throw badRequest('bytes that belong to two values')
    this.#usedBytes[index] = true
    this.#unusedBytes--
  }
}

/** The value at the keys; adds the containers on the way to `passed`. */
function follow(base: unknown, keys: readonly string[], passed: Set<unknown>): unknown {
  let place = base
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string
    if (i > 0) passed.add(place)
    if (!hasElement(place, key)) throw badRequest('a path to a missing value')
    place = place[key]
  }
  return place
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
