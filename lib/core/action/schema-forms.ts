// Combines normal forms of schemas: any of several, all of them, values of one type. Leaves reading a JSON Schema to
// schema-meaning.ts.

/** A schema in its normal form. */
export type Form = boolean | Fields
export type Fields = { readonly [keyword: string]: unknown }

/** The keywords that constrain values, by type: string, number, array, object. All others are annotations. */
const keywords: Readonly<Record<string, string>> = {
  string: 'minLength maxLength pattern format contentEncoding contentMediaType',
  number: 'minimum maximum exclusiveMinimum exclusiveMaximum multipleOf format',
  array: 'items prefixItems contains minContains maxContains minItems maxItems uniqueItems unevaluatedItems',
  object:
    'properties patternProperties additionalProperties propertyNames required minProperties maxProperties dependentRequired dependentSchemas unevaluatedProperties',
}
export const typesOf = new Map<string, string[]>()
for (const [type, names] of Object.entries(keywords))
  for (const name of names.split(' ')) typesOf.set(name, [...(typesOf.get(name) ?? []), type])

/** The keywords of a family constrain values together. */
const bound = /ropert|tems$|ontains$|dependent/

/** Values of one type. Null and the booleans are listed one by one. */
export function typed(type: string, own: Fields): Form {
  if (type === 'null') return { enum: [null] }
  if (type === 'boolean') return { enum: [false, true] }
  const kind = type === 'integer' ? 'number' : type
  const fitting = Object.entries(own).filter(([name]) => typesOf.get(name)?.includes(kind))
  const { multipleOf, ...form } = Object.fromEntries(fitting)
  if (kind !== 'number' || (type === 'number' && multipleOf !== 1))
    return { type, ...form, ...(multipleOf === undefined ? {} : { multipleOf }) }
  return { type: 'integer', ...wholeBounds(form), ...((multipleOf ?? 1) === 1 ? {} : { multipleOf }) }
}

/** Drops the bounds of integers that only say that they are exact, and turns exclusive bounds into inclusive ones. */
function wholeBounds({
  minimum,
  maximum,
  exclusiveMinimum,
  exclusiveMaximum,
  ...more
}: Record<string, unknown>): Fields {
  const least = Math.max(
    Math.ceil(numberOr(minimum, Number.NEGATIVE_INFINITY)),
    Math.floor(numberOr(exclusiveMinimum, Number.NEGATIVE_INFINITY)) + 1,
  )
  const most = Math.min(
    Math.floor(numberOr(maximum, Number.POSITIVE_INFINITY)),
    Math.ceil(numberOr(exclusiveMaximum, Number.POSITIVE_INFINITY)) - 1,
  )
  return {
    ...more,
    ...(least > Number.MIN_SAFE_INTEGER ? { minimum: least } : {}),
    ...(most < Number.MAX_SAFE_INTEGER ? { maximum: most } : {}),
  }
}

const numberOr = (value: unknown, other: number): number => (typeof value === 'number' ? value : other)

export const choiceOf = (values: readonly unknown[]): Form => (values.length === 0 ? false : { enum: distinct(values) })

const typeOf = (value: unknown): string => (value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value)

export function isOf(types: readonly string[]): (value: unknown) => boolean {
  return (value) => types.includes(typeOf(value)) || (types.includes('integer') && Number.isInteger(value))
}

export function any(forms: readonly Form[]): Form {
  const flat = forms.flatMap((form) => (isOnly(form, 'anyOf') ? (form['anyOf'] as Form[]) : [form]))
  if (flat.includes(true)) return true
  const chosen = flat.flatMap((form) => (isOnly(form, 'enum') ? (form['enum'] as unknown[]) : []))
  const others = flat.filter((form) => form !== false && !isOnly(form, 'enum'))
  const branches = distinct([...others, ...(chosen.length === 0 ? [] : [choiceOf(chosen)])])
  return branches.length > 1 ? { anyOf: branches } : (branches[0] ?? false)
}

/** As any of them, when no value can match two. */
export function one(forms: readonly Form[]): Form {
  const areApart = forms.every((form, i) => forms.slice(i + 1).every((other) => isApart(form, other)))
  // Not deduplicated: a value that two of them accept is refused.
  return areApart ? any(forms) : { oneOf: forms.map(textOf).sort() }
}

function isApart(one: Form, other: Form): boolean {
  if (typeof one === 'boolean' || typeof other === 'boolean') return one === false || other === false
  const [types, otherTypes] = [one, other].map((form) =>
    [form['type'] ?? (form['enum'] as unknown[])?.map(typeOf)].flat().map(numeric),
  )
  if (
    !types?.includes(undefined) &&
    !otherTypes?.includes(undefined) &&
    !types?.some((type) => otherTypes?.includes(type))
  )
    return true
  const [values, otherValues] = [one, other].map((form) => (form['enum'] as unknown[] | undefined)?.map(textOf))
  if (values !== undefined && otherValues !== undefined) return !values.some((value) => otherValues.includes(value))
  if (types?.[0] !== 'object' || otherTypes?.[0] !== 'object') return false
  const [fields, otherFields] = [one, other].map((form) => (form['properties'] ?? {}) as Record<string, Form>)
  const isNeeded = (name: string): boolean =>
    [one, other].every((form) => (form['required'] as string[] | undefined)?.includes(name) === true)
  return Object.keys(fields ?? {}).some(
    (name) => isNeeded(name) && otherFields?.[name] !== undefined && isApart(fields?.[name] as Form, otherFields[name]),
  )
}

const numeric = (type: unknown): unknown => (type === 'integer' ? 'number' : type)

/** Merged into one schema, as far as the keywords are independent and do not conflict. */
export function all(forms: readonly Form[]): Form {
  const flat = forms.flatMap((form) => (isOnly(form, 'allOf') ? (form['allOf'] as Form[]) : [form]))
  if (flat.includes(false)) return false
  const parts = distinct(flat.filter((form): form is Fields => form !== true && Object.keys(form).length > 0))
  if (parts.length < 2) return parts[0] ?? true
  if (parts.filter((part) => Object.keys(part).some((name) => bound.test(name))).length > 1) return { allOf: parts }
  const merged: Record<string, unknown> = {}
  const again: Fields[] = []
  for (const name of distinct(parts.flatMap((part) => Object.keys(part)))) {
    const values = distinct(parts.flatMap((part) => (name in part ? [part[name]] : [])))
    if (values.length === 1) merged[name] = values[0]
    else again.push(...values.map((value) => ({ [name]: value })))
  }
  return again.length === 0 ? merged : { allOf: distinct([merged, ...again]) }
}

export const negation = (form: Form): Form => (typeof form === 'boolean' ? !form : { not: form })

function isOnly(form: Form, keyword: string): form is Fields {
  return typeof form === 'object' && keyword in form && Object.keys(form).length === 1
}

/** Deduplicated, sorted by text. */
export function distinct<T>(values: readonly T[]): T[] {
  if (values.length < 2) return [...values]
  const byText = [...new Map(values.map((value) => [textOf(value), value]))]
  return byText.sort(([one], [other]) => (one < other ? -1 : 1)).map(([, value]) => value)
}

/** As JSON, with the keys of objects sorted. */
export function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`
  const keys = Object.keys(value).sort()
  return `{${keys.map((key) => `${JSON.stringify(key)}:${textOf((value as Fields)[key])}`).join()}}`
}
