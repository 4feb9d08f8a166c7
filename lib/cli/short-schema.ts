// A JSON Schema in short form, for a column of a table: `{ email: string, seats: integer, note?: string }`.

const maxLength = 60

/** Never throws: a schema is untrusted data from a server. */
export function shortSchema(schema: unknown): string {
  const text = wordsFor(schema, 0)
  return text.length > maxLength ? `${text.slice(0, maxLength - 3)}...` : text
}

function wordsFor(schema: unknown, depth: number): string {
  if (typeof schema !== 'object' || schema === null || depth > 3) return '...'
  const { type, properties, required, items, anyOf, enum: values, const: value, $comment } = schema as JsonSchema
  if (value !== undefined) return JSON.stringify(value)
  if (Array.isArray(values)) return values.map((each) => JSON.stringify(each)).join(' | ')
  if (Array.isArray(anyOf)) return anyOf.map((each) => wordsFor(each, depth + 1)).join(' | ')
  if (type === 'array') return `${items === undefined ? 'any' : wordsFor(items, depth + 1)}[]`
  if (typeof properties === 'object' && properties !== null) {
    const isRequired = new Set(Array.isArray(required) ? required : [])
    const fields = Object.entries(properties).map(
      ([key, field]) => `${key}${isRequired.has(key) ? '' : '?'}: ${wordsFor(field, depth + 1)}`,
    )
    return fields.length === 0 ? '{}' : `{ ${fields.join(', ')} }`
  }
  if (typeof $comment === 'string') return $comment
  return Array.isArray(type) ? type.join(' | ') : typeof type === 'string' ? type : 'any'
}

interface JsonSchema {
  readonly type?: unknown
  readonly properties?: unknown
  readonly required?: unknown
  readonly items?: unknown
  readonly anyOf?: unknown
  readonly enum?: unknown
  readonly const?: unknown
  readonly $comment?: unknown
}
