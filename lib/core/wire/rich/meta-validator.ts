// Stands between a peer's bytes and superjson-format.ts, which trusts its meta: refuses every annotation that our own encoder
// would not have made. After this, each path leads by own properties to one value of the annotated type, no two
// annotations are in each other's way, and it has nothing left to follow, to repeat or to grow.

import { badRequest } from '../values/bad-request.ts'
import { type AnnotationContext, type AnnotationRule, annotationRule } from './annotation-rules.ts'
import { hasElement, keysOfPath } from './meta-path.ts'

/** The version of superjson's path syntax that both sides speak. */
const metaVersion = 1

/**
 * Refuses a meta that is not exactly one for this JSON and these bytes.
 *
 * @throws ServerError with code `BAD_REQUEST`
 */
export function checkMeta(meta: unknown, json: unknown, context: AnnotationContext): void {
  if (!isRecord(meta)) throw badRequest('a meta that is no object')
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
    else throw badRequest('annotations of no known shape')
    if (this.#unusedBytes > 0) throw badRequest('bytes that belong to no value')
  }

  /** `[type]` or `[type, { path: tree }]` for the JSON at one place, which is `depth` keys away from the root. */
  #checkTree(tree: unknown, json: unknown, depth: number): void {
    if (!Array.isArray(tree) || tree.length === 0 || tree.length > 2)
      throw badRequest('an annotation of no known shape')
    if (++this.#annotations > this.#context.limits.maxAnnotations) {
      throw badRequest(`more than ${this.#context.limits.maxAnnotations} annotations`)
    }
    const rule = annotationRule(tree[0])
    if (!rule) throw badRequest('a type annotation that is not known')
    if (!rule.accepts(json, this.#context))
      throw badRequest(`what is annotated as "${rule.name}" is none, or is not allowed`)
    if (rule.name === 'bytes') this.#useBytes((json as [string, number])[1])
    if (tree.length === 1) return
    if (!rule.allowsInside || !isRecord(tree[1])) throw badRequest(`annotations inside of "${rule.name}"`)
    this.#checkPaths(tree[1], json, depth, rule)
  }

  /** Trees by their paths from one place, where `base` is. */
  #checkPaths(trees: Record<string, unknown>, base: unknown, depth: number, rule?: AnnotationRule): void {
    const paths = Object.keys(trees)
    const targets: unknown[] = []
    const depths: number[] = []
    const passed = new Set<unknown>()
    for (const path of paths) {
      const keys = keysOfPath(path, this.#context.limits.maxDepth - depth)
      if (!keys) throw badRequest('a path that is malformed or too deep')
      if (rule?.allowsInside && !rule.allowsInside(keys))
        throw badRequest(`an annotation inside of "${rule.name}" at no place for one`)
      targets.push(follow(base, keys, passed))
      depths.push(depth + keys.length)
    }
    // What a path leads through must still be there when its turn comes, in whatever order it does.
    for (let i = 0; i < paths.length; i++) {
      const target = targets[i]
      if (passed.size > 0 && passed.has(target)) throw badRequest('an annotation that is in the way of another')
      this.#checkTree(trees[paths[i] as string], target, depths[i] as number)
    }
  }

  #useBytes(index: number): void {
    if (this.#usedBytes[index]) throw badRequest('bytes that belong to two values')
    this.#usedBytes[index] = true
    this.#unusedBytes--
  }
}

/** What the keys lead to; adds the containers in between to `passed`. */
function follow(base: unknown, keys: readonly string[], passed: Set<unknown>): unknown {
  let place = base
  for (let i = 0; i < keys.length; i++) {
    const key = keys[i] as string
    if (i > 0) passed.add(place)
    if (!hasElement(place, key)) throw badRequest('a path to nowhere')
    place = place[key]
  }
  return place
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
