// The contract of an action class: its wire name, the rules of its values, and a hash by which client and server
// notice that their definitions differ.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { requireNameOf } from '../base/class-name.ts'
import { ClientError, ServerError } from '../base/errors.ts'
import { describe } from '../base/options.ts'
import { isName } from '../wire/frames/frame.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'
import type { ValueRules } from '../wire/value-codec.ts'
import { type ActionClass, actionNameOf, isActionClass } from './action.ts'
import { meaningOf } from './schema-meaning.ts'

export interface Contract {
  readonly name: string
  readonly hash: string
  readonly rules: ValueRules
  readonly isIdempotent: boolean
  /** A server that says it never ran is right, also after a crash: its outcome is recorded. */
  readonly isRecorded: boolean
  readonly timeoutMs: number | undefined
}

/** Reads the contract of a class that a client runs. Throws ClientError for anything but an Action class. */
export function contractOf(action: unknown): Contract {
  if (!isActionClass(action)) {
    const hint = typeof action === 'object' && action !== null ? '; pass the class itself, not an instance' : ''
    throw new ClientError(`runAction needs an Action class or a wire name, got ${describe(action)}${hint}`, {
      notStarted: true,
    })
  }
  const name = requireNameOf(action, 'actionName', (message) => new ClientError(message, { notStarted: true }))
  if (name === '') throw namelessError()
  requireName(name)
  return {
    name,
    hash: contractHash(name, action),
    rules: { allowRegExp: action.allowRegExp ?? false },
    isIdempotent: action.idempotent ?? false,
    isRecorded: (action.transactional ?? false) || (action.durable ?? false),
    timeoutMs: action.timeoutMs,
  }
}

function namelessError(): ClientError {
  return new ClientError('runAction got an Action class without a name; give it a `static actionName`', {
    notStarted: true,
  })
}

/** Throws ClientError for an invalid wire name. */
export function requireName(name: unknown): void {
  if (isName(name)) return
  throw new ClientError(`an action's wire name is a text of 1 to 512 bytes, got ${describe(name)}`, {
    notStarted: true,
  })
}

/** Registers the errors and classes that an action declares, so that they keep their class on the wire. */
export function declareClasses(action: ActionClass, registry: ClassRegistry): void {
  for (const Class of listOf(action, 'errors')) registry.declareError(Class)
  for (const Class of listOf(action, 'classes')) registry.declareClass(Class)
}

/**
 * A short hash of name and schemas, by what the schemas mean: `<hash>`, or `<hash>.<input>.<output>.<items>` with seven
 * characters for each optional field. Neither secret nor a defence: two honest sides compare it.
 */
export function contractHash(name: string, action: ActionClass): string {
  const sides = [meaningOfSide(action.input), meaningOfSide(action.output)]
  if (action.items !== undefined) sides.push(meaningOfSide(action.items))
  const hash = hashText([name, action.contractVersion ?? '', ...sides.map(({ text }) => text)].join('\0'))
  const fields = sides.map((side) => side.fields)
  return fields.join('') === '' ? hash : [hash, ...fields].join('.')
}

/** Four characters for a field's path, and three for its type. */
export const pathLength = 4
export const fieldLength = 7
/** More of them count as parts of the schema: a contract has at most 512 bytes. */
const maxOptionalFields = 31

/** The meaning of one schema, in the form that two sides compare. */
interface SideMeaning {
  readonly text: string
  readonly fields: string
}

/** Cached by schema, which does not change: each client, and each session in which a server calls its client, needs it again. */
const knownMeanings = new WeakMap<StandardSchemaV1, SideMeaning>()

function meaningOfSide(schema: StandardSchemaV1 | undefined): SideMeaning {
  if (schema === undefined) return { text: '', fields: '' }
  let meaning = knownMeanings.get(schema)
  if (meaning === undefined) {
    meaning = readMeaning(schema)
    knownMeanings.set(schema, meaning)
  }
  return meaning
}

/** By its JSON Schema; otherwise by its vendor: the standard has no other comparable form. */
function readMeaning(schema: StandardSchemaV1): SideMeaning {
  const json = jsonSchemaOf(schema)
  if (json === undefined) return { text: schema['~standard'].vendor, fields: '' }
  const { text, optional } = meaningOf(json)
  const fields = [...optional].sort(([one], [other]) => (one < other ? -1 : 1))
  if (fields.length > maxOptionalFields) return { text: text + JSON.stringify(fields), fields: '' }
  const short = (part: string, length: number): string => hashText(part).slice(-length).padStart(length, '0')
  const tokens = fields.map(([path, what]) => short(path, pathLength) + short(what, fieldLength - pathLength))
  return { text, fields: tokens.join('') }
}

type Listed = 'errors' | 'classes'

function listOf<K extends Listed>(action: ActionClass, field: K): NonNullable<ActionClass[K]> {
  const list = action[field]
  if (list === undefined) return []
  if (Array.isArray(list)) return list as NonNullable<ActionClass[K]>
  throw new ServerError(`static ${field} of action "${actionNameOf(action)}" must be an array of classes`, {
    code: 'INVALID_ACTION',
  })
}

type JsonSchemaMaker = (options: { target: string }) => object

/** The standard's optional second part, which zod 4.2 and others implement. */
interface JsonSchemaSource {
  readonly jsonSchema?: { readonly input?: JsonSchemaMaker; readonly output?: JsonSchemaMaker }
}

/** The JSON Schema of a schema's input or output; undefined when its library cannot produce one. */
export function jsonSchemaOf(schema: StandardSchemaV1, side: 'input' | 'output' = 'input'): object | undefined {
  try {
    return (schema['~standard'] as JsonSchemaSource).jsonSchema?.[side]?.({ target: 'draft-2020-12' })
  } catch {
    // A schema that JSON Schema cannot express.
    return undefined
  }
}

/** cyrb53 (public domain, bryc): 53 bits are plenty for accidental differences. */
function hashText(text: string): string {
  let a = 0xdeadbeef
  let b = 0x41c6ce57
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 2654435761)
    b = Math.imul(b ^ code, 1597334677)
  }
  a = Math.imul(a ^ (a >>> 16), 2246822507) ^ Math.imul(b ^ (b >>> 13), 3266489909)
  b = Math.imul(b ^ (b >>> 16), 2246822507) ^ Math.imul(a ^ (a >>> 13), 3266489909)
  return (4294967296 * (2097151 & b) + (a >>> 0)).toString(36)
}
