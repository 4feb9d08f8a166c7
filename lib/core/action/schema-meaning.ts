// The normal form of a JSON Schema, independent of how it is written: annotations, names of definitions, the order of fields
// and equivalent spellings are removed, because libraries and their versions differ in them. Different forms may still mean
// the same; schemas that mean different things have different forms. Leaves the comparison to contract.ts.

import {
  all,
  any,
  choiceOf,
  distinct,
  type Fields,
  type Form,
  isOf,
  negation,
  one,
  textOf,
  typed,
  typesOf,
} from './schema-forms.ts'

export interface SchemaMeaning {
  /** Everything but the optional fields of objects. */
  readonly text: string
  /** The text of each optional field, by its path. */
  readonly optional: ReadonlyMap<string, string>
}

export function meaningOf(schema: object): SchemaMeaning {
  const optional = new Map<string, string>()
  try {
    return { text: textOf(withoutOptional(new Normalization(schema).form, '', optional)), optional }
  } catch {
    // Too deep, too large, or not a JSON Schema: compared as it is.
    return { text: textOf(schema), optional: new Map() }
  }
}

const maxNodes = 20_000

class Normalization {
  readonly form: Form
  readonly #root: unknown
  /** The schemas around the current one, each with its depth. */
  readonly #around = new Map<unknown, number>()
  #depth = 0
  #nodes = 0

  constructor(root: object) {
    this.#root = root
    this.form = this.#form(root)
  }

  #form(schema: unknown): Form {
    if (typeof schema === 'boolean') return schema
    if (typeof schema !== 'object' || schema === null || ++this.#nodes > maxNodes) throw new RangeError('not a schema')
    this.#around.set(schema, this.#depth)
    const { $ref, nullable } = schema as Fields
    const own = withoutAnnotations(schema as Fields)
    const only = onlyBranch(own)
    let form: Form
    // A schema that only stands for another one does not add depth.
    if (typeof $ref === 'string') form = all([this.#referred($ref), this.#form(own)])
    else if (only !== undefined) form = this.#form(only)
    else {
      this.#depth++
      form = this.#formOf(own)
      this.#depth--
    }
    this.#around.delete(schema)
    return nullable === true ? any([form, { enum: [null] }]) : form
  }

  /** A recursive schema is identified by its distance outwards, whatever its name. */
  #referred(ref: string): Form {
    if (!ref.startsWith('#')) return { $ref: ref }
    let target = this.#root
    for (const step of ref.split('/').slice(1))
      target = (target as Fields)[decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~')]
    const depth = this.#around.get(target)
    return depth === undefined ? this.#form(target) : { $ref: this.#depth - depth }
  }

  #formOf(schema: Fields): Form {
    const {
      type,
      const: only,
      enum: values,
      anyOf,
      oneOf,
      allOf,
      not,
      if: when,
      then: yes,
      else: no,
      ...keywords
    } = schema
    const own = this.#ownKeywords(keywords, anyOf ?? oneOf ?? allOf ?? when ?? keywords['dependentSchemas'])
    const types = type === undefined ? undefined : ([type].flat() as string[])
    const choice = 'const' in schema ? [only] : (values as unknown[] | undefined)
    const forms = (list: unknown): Form[] => (list as unknown[]).map((each) => this.#form(each))
    const parts: Form[] = []
    if (choice !== undefined) parts.push(choiceOf(types === undefined ? choice : choice.filter(isOf(types))), own)
    else parts.push(types === undefined ? own : any(types.map((each) => typed(each, own))))
    if (anyOf !== undefined) parts.push(any(forms(anyOf)))
    if (oneOf !== undefined) parts.push(one(forms(oneOf)))
    if (allOf !== undefined) parts.push(...forms(allOf))
    if (not !== undefined) parts.push(negation(this.#form(not)))
    if (when !== undefined) parts.push({ if: forms([when, yes ?? true, no ?? true]) })
    return all(parts)
  }

  /** The keywords that are not combinations of schemas; those that constrain nothing are dropped. */
  #ownKeywords(keywords: Fields, combination: unknown): Fields {
    const own: Record<string, unknown> = {}
    for (const [keyword, value] of Object.entries(keywords)) {
      const form = this.#value(keyword, value)
      // When nothing else could have evaluated them, unevaluated ones are additional ones.
      const other = keyword.replace('unevaluatedP', 'additionalP').replace('unevaluatedI', 'i')
      const name = combination === undefined && !(other in keywords) ? other : keyword
      if (!constrainsNothing(keyword, form)) own[name] = form
    }
    return own
  }

  #value(keyword: string, value: unknown): unknown {
    if (/^(items|contains|additional|unevaluated|propertyNames)/.test(keyword)) return this.#form(value)
    if (keyword === 'prefixItems') return (value as unknown[]).map((each) => this.#form(each))
    if (keyword === 'required') return distinct(value as string[])
    if (!/roperties$|Schemas$/.test(keyword) || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value as Fields).map(([name, each]) => [name, this.#form(each)]))
  }
}

function constrainsNothing(keyword: string, form: unknown): boolean {
  if (keyword === 'uniqueItems') return form === false
  if (keyword === 'contains') return false
  if (/^min[LIPC]/.test(keyword)) return form === (keyword === 'minContains' ? 1 : 0)
  // Names are strings anyway.
  if (keyword === 'propertyNames' && textOf(form) === '{"type":"string"}') return true
  return form === true || (typeof form === 'object' && Object.keys(form as object).length === 0)
}

/** Without annotations, and with tuples in their current spelling. */
function withoutAnnotations({ items, additionalItems, ...more }: Fields): Fields {
  const tuple = Array.isArray(items) ? { prefixItems: items, items: additionalItems } : { items }
  const isConstraint = (name: string): boolean =>
    typesOf.has(name) || /^(type|const|enum|(any|one|all)Of|not|if|then|else)$/.test(name)
  const keywords = Object.entries({ ...more, ...tuple })
  return Object.fromEntries(keywords.filter(([name, value]) => value !== undefined && isConstraint(name)))
}

/** The inner schema of a combination with a single member. */
function onlyBranch(schema: Fields): unknown {
  const [name = '', more] = Object.keys(schema)
  const branches = schema[name]
  return more === undefined && name.endsWith('Of') && Array.isArray(branches) && branches.length === 1
    ? branches[0]
    : undefined
}

/** Extracts the optional fields of objects, as far as they can be reached without a choice between objects. */
function withoutOptional(form: Form, path: string, optional: Map<string, string>): Form {
  if (typeof form === 'boolean') return form
  const inside = (value: unknown, step: string): Form => withoutOptional(value as Form, `${path}/${step}`, optional)
  const { properties = {}, anyOf, items, ...rest } = form
  const needed: Record<string, Form> = {}
  for (const [name, field] of Object.entries(properties as Fields)) {
    const step = `p${JSON.stringify(name)}`
    const own = inside(field, step)
    if ((rest['required'] as string[] | undefined)?.includes(name)) needed[name] = own
    else optional.set(`${path}/${step}`, textOf(own))
  }
  const branches = anyOf as Form[] | undefined
  const objects = branches?.filter((branch) => typeof branch === 'object' && branch['type'] === 'object') ?? []
  const chosen = objects.length > 1 ? branches : branches?.map((branch) => withoutOptional(branch, path, optional))
  return {
    ...rest,
    ...(Object.keys(needed).length > 0 ? { properties: needed } : {}),
    ...(items === undefined ? {} : { items: inside(items, 'i') }),
    ...(chosen === undefined ? {} : { anyOf: distinct(chosen) }),
  }
}
