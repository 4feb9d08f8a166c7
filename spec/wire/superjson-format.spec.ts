// superjson's format as isock writes and reads it, against superjson.
import { expect } from 'chai'
import fc from 'fast-check'
import { SuperJSON } from 'superjson'
import { SuperJsonFormat } from '../../lib/core/wire/rich/superjson-format.ts'
import { sizeOf } from '../setup/long.ts'

describe("superjson's format", () => {
  it('is what superjson writes and reads', () => {
    const key = fc
      .oneof(fc.string({ maxLength: 4 }), fc.constantFrom('a.b', 'a\\b', '.', '\\', '0', 'json', 'meta'))
      .filter(isKey)
    const leaf = fc.oneof(
      fc.string(),
      fc.integer(),
      fc.constantFrom(
        null,
        undefined,
        true,
        Number.NaN,
        Number.POSITIVE_INFINITY,
        Number.NEGATIVE_INFINITY,
        -0,
        1.5,
        /a\/b/gi,
      ),
      fc.bigInt(),
      fc.date({ noInvalidDate: true }),
      fc.webUrl().map((url) => new URL(url)),
      fc.tuple(fc.string(), fc.bigInt()).map((pair) => marked(pair)),
    )
    const { value } = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { maxDepth: 5, depthSize: 'small' },
        leaf,
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(key, tie('value'), { maxKeys: 4, noNullPrototype: true }),
        fc.array(fc.tuple(leaf, tie('value')), { maxLength: 3 }).map((entries) => new Map(entries)),
        fc.array(tie('value'), { maxLength: 3 }).map((items) => new Set(items)),
      ),
    }))
    const theirs = marking(new SuperJSON({ dedupe: false }))
    const ours = new SuperJsonFormat((each) => (isMarked(each) ? 'marked' : undefined), {
      marked: (pair) => ['revived', pair],
    })
    fc.assert(
      fc.property(value, (each) => {
        const { json, meta } = theirs.serialize(each)
        const written = ours.serialize(each)
        expect(written.json).to.deep.equal(json)
        // Nothing is shared in what isock hands over; here a random value may be.
        expect(written.meta?.values).to.deep.equal(meta?.values)
        expect(
          ours.deserialize(structuredClone({ json, meta: { values: meta?.values, v: 1 } }) as never),
        ).to.deep.equal(theirs.deserialize({ json, meta: { values: meta?.values, v: 1 } } as never))
      }),
      { numRuns: sizeOf({ all: 2_000, few: 400 }) },
    )
  })
})

const marks = new WeakSet<object>()

/** An array that one of isock's transformers would carry. */
function marked(pair: unknown[]): unknown[] {
  marks.add(pair)
  return pair
}

function isMarked(each: unknown): each is unknown[] {
  return typeof each === 'object' && each !== null && marks.has(each)
}

function marking(superjson: SuperJSON): SuperJSON {
  superjson.registerCustom<unknown[], never>(
    { isApplicable: isMarked, serialize: (each) => each as never, deserialize: (pair) => ['revived', pair] },
    'marked',
  )
  const transformers = superjson.customTransformerRegistry
  transformers.findApplicable = (each) => (isMarked(each) ? transformers.findByName('marked') : undefined)
  return superjson
}

/** superjson refuses these; isock carries them otherwise. */
function isKey(key: string): boolean {
  return key !== '__proto__' && key !== 'constructor' && key !== 'prototype'
}
