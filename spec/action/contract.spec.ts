// What two sides take for the same contract: schemas that mean the same, however they are written; and a server that knows more
// optional fields than its caller.
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { expect } from 'chai'
import * as v from 'valibot'
import { z } from 'zod'
import { contractHash } from '../../lib/core/action/contract.ts'
import { fitsContract } from '../../lib/core/action/contract-fit.ts'
import { Action, type ActionClass } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { failureOf } from '../setup/world.ts'

/** A schema of a library that prints this JSON Schema. */
function printing(json: object | boolean): StandardSchemaV1 {
  const print = () => json
  const standard = {
    version: 1,
    vendor: 'a library',
    validate: (value: unknown) => ({ value }),
    jsonSchema: { input: print, output: print },
  }
  return { '~standard': standard } as unknown as StandardSchemaV1
}

type Schemas = Partial<Pick<ActionClass, 'input' | 'output' | 'contractVersion'>>

const contractOf = (schemas: Schemas): string =>
  contractHash('Get', Object.assign(class Get extends Action {}, schemas))

const object = (properties: object, required: readonly string[] = Object.keys(properties), more: object = {}) => ({
  type: 'object',
  properties,
  required,
  ...more,
})
const string = { type: 'string' }
const number = { type: 'number' }

/** Each two mean the same. */
const same: Record<string, [one: object | boolean, other: object | boolean]> = {
  'annotations, whatever their name': [
    string,
    {
      ...string,
      $schema: 'x',
      $id: 'y',
      title: 't',
      description: 'd',
      examples: ['e'],
      default: 'f',
      deprecated: true,
      'x-own': 1,
      id: 'A',
    },
  ],
  'annotations of fields': [object({ a: string }), object({ a: { ...string, description: 'what it is' } })],
  'the order of keywords and fields': [
    object({ a: string, b: number }),
    { required: ['b', 'a'], properties: { b: number, a: string }, type: 'object' },
  ],
  'required twice, and not at all': [object({}, []), { type: 'object' }],
  'what is allowed anyway': [object({ a: string }), object({ a: string }, ['a'], { additionalProperties: {} })],
  'what is allowed anyway, spelled as true': [
    object({ a: string }),
    object({ a: string }, ['a'], { additionalProperties: true }),
  ],
  'no more fields': [
    object({ a: string }, ['a'], { additionalProperties: false }),
    object({ a: string }, ['a'], { additionalProperties: { not: {} } }),
  ],
  'no more fields, as unevaluated ones': [
    object({ a: string }, ['a'], { additionalProperties: false }),
    object({ a: string }, ['a'], { unevaluatedProperties: false }),
  ],
  'names of a record': [
    { type: 'object', additionalProperties: number },
    { type: 'object', propertyNames: string, additionalProperties: number },
  ],
  'one constant': [{ const: 'a' }, { enum: ['a'] }],
  'a constant with its type': [{ const: 'a' }, { type: 'string', const: 'a' }],
  'constants one by one': [{ enum: ['a', 'b'] }, { anyOf: [{ type: 'string', const: 'b' }, { const: 'a' }] }],
  'constants, each of one': [{ enum: ['a', 'b'] }, { oneOf: [{ const: 'a' }, { const: 'b' }] }],
  'the order of constants': [{ enum: ['a', 'b'] }, { type: 'string', enum: ['b', 'a', 'a'] }],
  'both booleans': [{ type: 'boolean' }, { enum: [true, false] }],
  null: [{ type: 'null' }, { const: null }],
  'nullable by a list of types': [
    { type: ['string', 'null'], minLength: 1 },
    { anyOf: [{ type: 'string', minLength: 1 }, { type: 'null' }] },
  ],
  'nullable by a word': [{ type: 'string', nullable: true }, { type: ['null', 'string'] }],
  'a nullable choice': [{ enum: ['a', null] }, { anyOf: [{ type: 'null' }, { type: 'string', enum: ['a'] }] }],
  'several types': [{ type: ['string', 'number'] }, { anyOf: [number, string] }],
  'a union in a union': [
    { anyOf: [string, number, { type: 'null' }] },
    { anyOf: [{ anyOf: [{ type: 'null' }, number] }, string] },
  ],
  'a union of one': [string, { anyOf: [string] }],
  'what is inside itself, by whatever stands for it': [
    object({ next: { $ref: '#' } }),
    object({ next: { anyOf: [{ oneOf: [{ allOf: [{ $ref: '#' }] }] }] } }),
  ],
  'a type beside its fields, and apart from them': [
    { type: 'object', allOf: [{ properties: { a: string } }] },
    { type: 'object', properties: { a: string } },
  ],
  'all of one': [string, { description: 'd', allOf: [string] }],
  'all of several that fit in one': [
    { type: 'string', minLength: 1, pattern: 'a' },
    { type: 'string', allOf: [{ pattern: 'a' }, { minLength: 1 }] },
  ],
  'two patterns': [
    { type: 'string', allOf: [{ pattern: 'a' }, { pattern: 'b' }] },
    { type: 'string', pattern: 'b', allOf: [{ pattern: 'a' }] },
  ],
  'one of several that are apart': [
    { oneOf: [object({ k: { const: 'a' }, n: number }), object({ k: { const: 'b' } })] },
    { anyOf: [object({ k: { enum: ['b'] } }), object({ n: number, k: { type: 'string', const: 'a' } })] },
  ],
  'one of several without required fields': [
    { oneOf: [object({ k: { const: 'a' } }, []), { type: 'object', properties: { k: { const: 'b' } } }] },
    { oneOf: [{ properties: { k: { enum: ['b'] } }, type: 'object' }, object({ k: { enum: ['a'] } }, [])] },
  ],
  'exact integers': [
    { type: 'integer' },
    { type: 'integer', minimum: Number.MIN_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER },
  ],
  'integers as multiples': [{ type: 'integer' }, { type: 'number', multipleOf: 1 }],
  'integers above a bound': [
    { type: 'integer', minimum: 1 },
    { type: 'integer', exclusiveMinimum: 0 },
  ],
  'integers below a bound': [
    { type: 'integer', maximum: 9 },
    { type: 'integer', exclusiveMaximum: 10 },
  ],
  'bounds that bound nothing': [
    { type: 'array', items: string },
    { type: 'array', items: string, minItems: 0, uniqueItems: false },
  ],
  'a tuple': [
    { type: 'array', prefixItems: [string, number], items: false },
    { type: 'array', items: [string, number], additionalItems: false },
  ],
  'the names of definitions': [
    object({ a: { $ref: '#/$defs/One' } }, ['a'], { $defs: { One: object({ n: number }) } }),
    object({ a: { $ref: '#/definitions/Two' } }, ['a'], {
      definitions: { Two: object({ n: number }), Unused: string },
    }),
  ],
  'a definition in place': [
    object({ a: object({ n: number }) }),
    object({ a: { $ref: '#/$defs/N' } }, ['a'], { $defs: { N: object({ n: number }) } }),
  ],
  'a schema that contains itself': [
    object({ next: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }),
    {
      $ref: '#/$defs/Node',
      $defs: { Node: object({ next: { anyOf: [{ type: 'null' }, { $ref: '#/$defs/Node' }] } }) },
    },
  ],
  anything: [{}, true],
  nothing: [{ not: {} }, false],
}

/** Each two mean different things. */
const different: Record<string, [one: object | boolean, other: object | boolean]> = {
  types: [string, number],
  'integers and numbers': [{ type: 'integer' }, number],
  lengths: [
    { type: 'string', minLength: 1 },
    { type: 'string', minLength: 2 },
  ],
  'a least number of nothing': [{ type: 'number', minimum: 0 }, number],
  'exclusive bounds of numbers': [
    { type: 'number', minimum: 0 },
    { type: 'number', exclusiveMinimum: 0 },
  ],
  'bounds of integers': [
    { type: 'integer', minimum: 1 },
    { type: 'integer', minimum: 2 },
  ],
  patterns: [
    { type: 'string', pattern: 'a' },
    { type: 'string', pattern: 'b' },
  ],
  formats: [
    { type: 'string', format: 'email' },
    { type: 'string', format: 'uri' },
  ],
  'names of fields': [object({ a: string }), object({ b: string })],
  'types of fields': [object({ a: string }), object({ a: number })],
  'types of optional fields': [object({ a: string }, []), object({ a: number }, [])],
  'a field that need not be there': [object({ a: string }), object({ a: string }, [])],
  'a field called like an annotation': [object({ title: string }), object({})],
  'more fields': [object({ a: string }), object({ a: string }, ['a'], { additionalProperties: false })],
  'types of more fields': [
    { type: 'object', additionalProperties: string },
    { type: 'object', additionalProperties: number },
  ],
  constants: [{ const: 'a' }, { const: 'b' }],
  'constants of different types': [{ const: 1 }, { const: '1' }],
  choices: [{ enum: ['a', 'b'] }, { enum: ['a', 'b', 'c'] }],
  'constants that look like fields': [{ const: { title: 'a' } }, { const: { title: 'b' } }],
  'null allowed': [string, { type: ['string', 'null'] }],
  unions: [{ anyOf: [string, number] }, { anyOf: [string, { type: 'boolean' }] }],
  'any and all': [{ anyOf: [{ minLength: 1 }, { pattern: 'a' }] }, { allOf: [{ minLength: 1 }, { pattern: 'a' }] }],
  'any and one of several that overlap': [
    {
      anyOf: [
        { type: 'string', minLength: 2 },
        { type: 'string', maxLength: 3 },
      ],
    },
    {
      oneOf: [
        { type: 'string', minLength: 2 },
        { type: 'string', maxLength: 3 },
      ],
    },
  ],
  'any and one of objects that are not told apart': [
    { anyOf: [object({ a: string }), object({ b: string })] },
    { oneOf: [object({ a: string }), object({ b: string })] },
  ],
  'one of two that are the same': [{ oneOf: [string, string, number] }, { oneOf: [string, number, number] }],
  'none of two that are the same': [{ oneOf: [string, string] }, string],
  'any and one of choices that overlap': [
    { anyOf: [{ enum: [1, 2] }, { enum: [2, 3] }] },
    { oneOf: [{ enum: [1, 2] }, { enum: [2, 3] }] },
  ],
  'unevaluated fields of a choice': [
    { anyOf: [object({ a: string }), object({ b: string })], unevaluatedProperties: false },
    { anyOf: [object({ a: string }), object({ b: string })], additionalProperties: false },
  ],
  'any and one of what need not be objects': [
    {
      anyOf: [
        { properties: { k: { const: 1 } }, required: ['k'] },
        { properties: { k: { const: 2 } }, required: ['k'] },
      ],
    },
    {
      oneOf: [
        { properties: { k: { const: 1 } }, required: ['k'] },
        { properties: { k: { const: 2 } }, required: ['k'] },
      ],
    },
  ],
  'the contrary': [{ not: string }, string],
  conditions: [
    { if: string, then: { minLength: 1 } },
    { if: string, else: { minLength: 1 } },
  ],
  items: [
    { type: 'array', items: string },
    { type: 'array', items: number },
  ],
  'an item that must be there': [{ type: 'array', contains: {} }, { type: 'array' }],
  'items that are unique': [{ type: 'array', uniqueItems: true }, { type: 'array' }],
  'the order of a tuple': [
    { type: 'array', prefixItems: [string, number] },
    { type: 'array', prefixItems: [number, string] },
  ],
  'old tuples': [
    { type: 'array', items: [string] },
    { type: 'array', items: [number] },
  ],
  'names of a record by pattern': [{ type: 'object', propertyNames: { pattern: 'a' } }, { type: 'object' }],
  'what definitions say': [
    object({ a: { $ref: '#/$defs/N' } }, ['a'], { $defs: { N: string } }),
    object({ a: { $ref: '#/$defs/N' } }, ['a'], { $defs: { N: number } }),
  ],
  'how far out a schema repeats': [
    object({ a: object({ b: { anyOf: [{ $ref: '#' }, { type: 'null' }] } }) }),
    object({ a: object({ b: { anyOf: [{ $ref: '#/properties/a' }, { type: 'null' }] } }) }),
  ],
  'requirements in two parts': [
    { allOf: [object({ a: string }), object({ b: string })] },
    { allOf: [object({ a: string }), object({ b: string }, [])] },
  ],
}

describe('The contract of two sides', () => {
  it('is the same text in every version of this package, as both sides may have another one', () => {
    const input = printing(object({ name: string, age: number }, ['name']))
    const node = object({ label: string, left: { $ref: '#/properties/tree' } }, ['label'])
    const texts = [
      contractOf({}),
      contractOf({ input, output: printing(number) }),
      contractOf({ input: printing(object({ tree: node })) }),
    ]
    expect(texts).to.deep.equal(['19shqmd8rmb', 'xzgsyh73n7.u172qmn.', 'h2dsyc2a2g.5n36er9.'])
  })

  describe('is the same where only the writing differs:', () => {
    for (const [what, [one, other]] of Object.entries(same))
      it(what, () => {
        expect(contractOf({ input: printing(one) })).to.equal(contractOf({ input: printing(other) }))
        expect(contractOf({ output: printing(one) })).to.equal(contractOf({ output: printing(other) }))
        const [inOne, inOther] = [one, other].map((each) => printing(object({ list: { type: 'array', items: each } })))
        if (!JSON.stringify([one, other]).includes('"#'))
          expect(contractOf({ input: inOne as StandardSchemaV1 })).to.equal(
            contractOf({ input: inOther as StandardSchemaV1 }),
          )
      })
  })

  describe('is another one where what is meant differs:', () => {
    for (const [what, [one, other]] of Object.entries(different))
      it(what, () => {
        const [asked, own] = [contractOf({ input: printing(one) }), contractOf({ input: printing(other) })]
        expect(fitsContract(asked, own) && fitsContract(own, asked)).to.equal(false)
        expect(
          fitsContract(contractOf({ output: printing(one) }), contractOf({ output: printing(other) })) &&
            fitsContract(contractOf({ output: printing(other) }), contractOf({ output: printing(one) })),
        ).to.equal(false)
      })

    it('the version, the side, the name', () => {
      const input = printing(string)
      const hashes = [
        contractOf({}),
        contractOf({ input }),
        contractOf({ output: input }),
        contractOf({ input, contractVersion: '2' }),
        contractHash('Other', class extends Action {}),
      ]
      expect(new Set(hashes)).to.have.property('size', hashes.length)
    })

    it('who made a schema that does not tell what it means', () => {
      expect(contractOf({ input: v.string() })).to.equal(contractOf({ input: v.number() }))
      expect(contractOf({ input: v.string() })).to.not.equal(contractOf({ input: z.string() }))
      expect(contractOf({ input: z.string() })).to.not.equal(contractOf({ input: z.number() }))
    })
  })

  describe('of schemas of a library', () => {
    const Person = z.object({
      name: z.string().min(1),
      age: z.number().int(),
      kind: z.enum(['a', 'b']),
      nick: z.string().nullable(),
    })

    it('is that of another library, or version, that prints them in its own way', () => {
      const printed = object({
        nick: { anyOf: [{ type: 'string' }, { type: 'null' }] },
        kind: { anyOf: [{ const: 'b' }, { const: 'a' }] },
        age: { type: 'integer' },
        name: { type: 'string', minLength: 1, title: 'Name' },
      })
      expect(contractOf({ input: Person })).to.equal(contractOf({ input: printing(printed) }))
    })

    it('does not depend on descriptions, examples, defaults and the order of fields', () => {
      const { shape } = Person
      const other = z
        .object({
          nick: shape.nick.describe('how friends call it'),
          kind: shape.kind,
          age: shape.age.meta({ examples: [3], id: 'Age' }),
          name: shape.name,
        })
        .meta({ title: 'Person' })
      expect(contractOf({ input: other })).to.equal(contractOf({ input: Person }))
      expect(contractOf({ input: z.object({ n: z.number().default(1) }) })).to.equal(
        contractOf({ input: z.object({ n: z.number().default(2) }) }),
      )
    })

    it('differs where they do', () => {
      for (const other of [
        Person.extend({ name: z.string() }),
        Person.extend({ age: z.number() }),
        Person.extend({ kind: z.enum(['a', 'c']) }),
        Person.extend({ nick: z.string() }),
        Person.partial(),
        Person.strict(),
        Person.omit({ age: true }),
      ])
        expect(fitsContract(contractOf({ input: Person }), contractOf({ input: other }))).to.equal(false)
    })
  })

  describe('with optional fields', () => {
    const fits = (asked: Schemas, own: Schemas) => fitsContract(contractOf(asked), contractOf(own))
    const plain = z.object({ id: z.number() })
    const more = z.object({ id: z.number(), why: z.string().optional() })

    it('lets a server know some that its caller does not, and not the other way round', () => {
      expect(fits({ input: plain }, { input: more })).to.equal(true)
      expect(fits({ input: more }, { input: plain })).to.equal(false)
      expect(fits({ input: more }, { input: more })).to.equal(true)
    })

    it('lets either side know more of a result', () => {
      expect(fits({ output: plain }, { output: more })).to.equal(true)
      expect(fits({ output: more }, { output: plain })).to.equal(true)
    })

    it('asks them to be of the same type, whatever else is there', () => {
      const other = z.object({ id: z.number(), why: z.number().optional(), who: z.string().optional() })
      expect(fits({ input: more }, { input: other })).to.equal(false)
      expect(fits({ output: more }, { output: other })).to.equal(false)
    })

    it('finds them in fields, items and what may be null', () => {
      const around = (inner: z.ZodType) =>
        z.object({ list: z.array(inner), deep: z.object({ inner: inner.nullable() }).optional() })
      expect(fits({ input: around(plain) }, { input: around(more) })).to.equal(true)
      expect(fits({ input: around(more) }, { input: around(plain) })).to.equal(false)
    })

    it('takes them as parts of a choice between objects', () => {
      const choice = (inner: z.ZodType) => z.union([inner, z.object({ other: z.string() })])
      expect(fits({ input: choice(plain) }, { input: choice(more) })).to.equal(false)
    })

    it('stays within what a frame may carry, whatever their number', () => {
      const many = (count: number, prefix = 'field') =>
        printing(object(Object.fromEntries(Array.from({ length: count }, (_, i) => [`${prefix}${i}`, string])), []))
      for (const count of [0, 1, 31, 32, 500]) {
        const contract = contractOf({ input: many(count), output: many(count) })
        expect(contract.length).to.be.at.most(512)
        expect(fitsContract(contract, contractOf({ input: many(count), output: many(count) }))).to.equal(true)
        expect(fitsContract(contract, contractOf({ input: many(count, 'other') }))).to.equal(false)
      }
    })

    it('is compared with whatever a peer sends', () => {
      const own = contractOf({ input: more })
      const [hash, fields] = own.split('.') as [string, string]
      for (const asked of [
        '',
        '.',
        '..',
        'x',
        `${hash}.x`,
        `${hash}.${fields}x`,
        `${hash}.${fields.slice(1)}`,
        'x'.repeat(512),
      ])
        expect(fitsContract(asked, own), asked).to.equal(false)
      for (const asked of [hash, `${hash}.`, `${hash}.${fields}`, `${own}.more`])
        expect(fitsContract(asked, own), asked).to.equal(true)
    })
  })

  it('decides whether a call runs', async () => {
    const get = (input: z.ZodType) =>
      class Get extends Action<unknown, string> {
        static override actionName = 'Get'
        static override input = input
        override action(): string {
          return 'ok'
        }
      }
    const own = z.object({ id: z.number().describe('which one'), why: z.string().optional() })
    await using harness = await createHarness({ actions: [new (get(own))()] })
    const run = (input: z.ZodType) => harness.client.runAction(get(input), { id: 1 })
    expect(await run(z.object({ id: z.number().describe('the id') }))).to.equal('ok')
    expect(await run(own)).to.equal('ok')
    expect(await failureOf(run(own.extend({ when: z.string().optional() })))).to.include({
      code: 'CONTRACT_MISMATCH',
      notStarted: true,
    })
    expect(await failureOf(run(z.object({ id: z.string() })))).to.include({ code: 'CONTRACT_MISMATCH' })
  })

  it('is compared as it is where a schema is too large, or none', () => {
    const endless: Record<string, unknown> = { a: { $ref: '#/nowhere' } }
    expect(contractOf({ input: printing(object(endless)) })).to.equal(
      contractOf({ input: printing(object({ ...endless })) }),
    )
    let deep: object = string
    const defs: Record<string, object> = { d0: deep }
    for (let i = 1; i < 30; i++) {
      deep = { type: 'array', prefixItems: [{ $ref: `#/$defs/d${i - 1}` }, { $ref: `#/$defs/d${i - 1}` }] }
      defs[`d${i}`] = deep
    }
    const bomb = printing({ $ref: '#/$defs/d29', $defs: defs })
    expect(contractOf({ input: bomb })).to.equal(contractOf({ input: bomb }))
  })
})
