// Flags for the fields of an action's data, made from the JSON Schema of its input: `--seats 2` beside '{"seats": 2}'. The schema
// comes from the server, so it is untrusted. It only converts texts: the server checks the data.
import { nearestNames } from '../core/base/nearest-names.ts'
import { printable } from '../core/base/terminal-text.ts'
import { usageFailure } from './failure.ts'
import { shortSchema } from './short-schema.ts'
import { table } from './table.ts'

/** One field of the data. */
interface Field {
  readonly name: string
  /** As it is shown: `--seat-count`. */
  readonly flag: string
  readonly schema: Schema
  readonly isRequired: boolean
}

interface Schema {
  readonly type?: unknown
  readonly properties?: unknown
  readonly required?: unknown
  readonly items?: unknown
  readonly anyOf?: unknown
  readonly enum?: unknown
  readonly const?: unknown
  readonly default?: unknown
  readonly description?: unknown
}

/** Where flags begin among the arguments after an action's name; a lone `-` is standard input. */
export function areFlags([first = '']: readonly string[]): boolean {
  return first.length > 1 && first.startsWith('-') && !/^-\d/.test(first)
}

/**
 * The data that the flags say: `--name value`, `--name=value`, `--name` and `--no-name` for booleans, repeated for lists.
 *
 * @throws CommandFailure that names the flag.
 */
export function dataOfFlags(action: string, schema: unknown, texts: readonly string[]): Record<string, unknown> {
  const fields = requireFields(action, schema, texts[0])
  const given = new Map<Field, string[]>()
  const rest = texts.filter((text) => text !== '--')
  while (rest.length > 0) {
    const { field, text } = takeFlag(action, fields, rest)
    const isList = typeOf(field.schema) === 'array'
    if (given.has(field) && !isList) throw usageFailure(`${field.flag}: it is given twice`)
    given.set(field, [...(given.get(field) ?? []), text])
  }
  const missing = fields.filter((field) => field.isRequired && !given.has(field))
  if (missing.length > 0)
    throw usageFailure(`${missing.map(({ flag }) => flag).join(', ')}: missing; action "${action}" needs it`)
  // `fromEntries`, so that a field called __proto__ is a field.
  return Object.fromEntries([...given].map(([field, values]) => [field.name, fieldValue(field, values)]))
}

/** For the help of a call. undefined: the input has no fields. */
export function flagsHelp(schema: unknown): string | undefined {
  const rows = fieldsOf(schema)?.map(({ flag, schema: own, isRequired }) => {
    const { description, default: standard } = own
    const notes = [
      typeof description === 'string' ? description : '',
      standard === undefined ? '' : `(default: ${JSON.stringify(standard)})`,
      isRequired ? '(required)' : '',
    ]
    const value = typeOf(own) === 'boolean' ? '' : ` <${shortSchema(own)}>`
    return [`${flag}${value}`, notes.filter(Boolean).join(' ')]
  })
  return rows === undefined ? undefined : indented(table(rows))
}

function requireFields(action: string, schema: unknown, flag = ''): readonly Field[] {
  const fields = fieldsOf(schema)
  if (fields !== undefined) return fields
  const what = schema === undefined ? 'has no schema of its input' : 'takes no object with known fields'
  throw usageFailure(`unknown option '${flag}': action "${action}" ${what}, so give its data as JSON`)
}

/** undefined: it is no schema of an object with fields. */
function fieldsOf(schema: unknown): readonly Field[] | undefined {
  const { properties, required } = (schema ?? {}) as Schema
  if (typeof properties !== 'object' || properties === null) return undefined
  const needed = new Set(Array.isArray(required) ? required : [])
  return Object.entries(properties).map(([name, own]) => ({
    name,
    flag: `--${kebab(name)}`,
    schema: typeof own === 'object' && own !== null ? (own as Schema) : {},
    isRequired: needed.has(name),
  }))
}

/** Takes a flag and its value from the front. */
function takeFlag(action: string, fields: readonly Field[], rest: string[]): { field: Field; text: string } {
  const word = rest.shift() as string
  const [flag, ...parts] = word.split('=') as [string, ...string[]]
  const isFlag = flag.startsWith('--')
  const field = isFlag ? fields.find((each) => each.flag === flag || `--${each.name}` === flag) : undefined
  if (field !== undefined) {
    if (parts.length > 0) return { field, text: parts.join('=') }
    if (typeOf(field.schema) === 'boolean') return { field, text: 'true' }
    const text = rest.shift()
    if (text === undefined) throw usageFailure(`${flag}: its value is missing (${shortSchema(field.schema)})`)
    return { field, text }
  }
  const negated =
    isFlag && parts.length === 0 ? fields.find((each) => flag === `--no-${each.flag.slice(2)}`) : undefined
  if (negated !== undefined && typeOf(negated.schema) === 'boolean') return { field: negated, text: 'false' }
  if (!isFlag) throw usageFailure(`"${word}": expected a flag for a field of action "${action}"`)
  const near = nearestNames(
    flag,
    fields.map((each) => each.flag),
  )
  const known = fields.map((each) => each.flag).join(', ') || 'none'
  const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : `its flags: ${known}`
  throw usageFailure(`unknown option '${flag}': action "${action}" has no such field; ${hint}`)
}

function fieldValue({ flag, schema }: Field, texts: readonly string[]): unknown {
  const [first = ''] = texts
  if (typeOf(schema) !== 'array') return convert(flag, schema, first)
  const isWhole = texts.length === 1 && first.trimStart().startsWith('[')
  return isWhole ? parse(flag, schema, first) : texts.map((text) => convert(flag, asSchema(schema.items), text))
}

/** A text as what the schema wants: the first type of several that the text can be. */
function convert(flag: string, schema: Schema, text: string): unknown {
  for (const choice of choicesOf(schema)) {
    const value = converted(choice, text)
    if (value !== undefined) return value.value
  }
  throw usageFailure(`${flag}: expected ${shortSchema(schema)}, got ${JSON.stringify(text)}`)
}

/** The one of several types that a text most likely means comes first: any text is a string. */
function choicesOf(schema: Schema): readonly Schema[] {
  const { anyOf, type } = schema
  const choices = Array.isArray(anyOf)
    ? anyOf.map(asSchema)
    : Array.isArray(type)
      ? type.map((each) => ({ ...schema, type: each }))
      : [schema]
  return [...choices].sort((a, b) => Number(a.type === 'string') - Number(b.type === 'string'))
}

/** undefined: the text is no such value. */
function converted(
  { type, enum: values, const: only, properties }: Schema,
  text: string,
): { value: unknown } | undefined {
  const allowed = Array.isArray(values) ? values : only === undefined ? undefined : [only]
  if (allowed !== undefined) return wrapped(allowed.find((each) => String(each) === text))
  if (type === 'string') return { value: text }
  if (type === 'boolean') return text === 'true' || text === 'false' ? { value: text === 'true' } : undefined
  if (type === 'null') return text === 'null' ? { value: null } : undefined
  if (type === 'integer' || type === 'number') {
    const value = text.trim() === '' ? Number.NaN : Number(text)
    return Number.isFinite(value) && (type === 'number' || Number.isInteger(value)) ? { value } : undefined
  }
  const parsed = jsonOf(text)
  if (type === 'object' || properties !== undefined) return typeof parsed?.value === 'object' ? parsed : undefined
  if (type === 'array') return Array.isArray(parsed?.value) ? parsed : undefined
  // It may be anything: JSON if it is, else a text.
  return parsed ?? { value: text }
}

function wrapped(value: unknown): { value: unknown } | undefined {
  return value === undefined ? undefined : { value }
}

function jsonOf(text: string): { value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown }
  } catch {
    return undefined
  }
}

function parse(flag: string, schema: Schema, text: string): unknown {
  const parsed = jsonOf(text)
  if (parsed === undefined) throw usageFailure(`${flag}: expected ${shortSchema(schema)}, got ${JSON.stringify(text)}`)
  return parsed.value
}

function typeOf({ type, enum: values }: Schema): unknown {
  return Array.isArray(values) ? 'enum' : type
}

function asSchema(value: unknown): Schema {
  return typeof value === 'object' && value !== null ? value : {}
}

function kebab(name: string): string {
  return printable(name).replace(/(?<=[a-z\d])[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
}

function indented(text: string): string {
  return text.replace(/^(?=\S)/gm, '  ')
}
