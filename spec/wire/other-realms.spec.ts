// Values that another realm made (node:vm, Jest's environment, a frame) travel as what they are.
import { runInNewContext } from 'node:vm'
import { expect } from 'chai'
import { Packed } from '../../lib/core/wire/bytes/packed.ts'
import { transfer } from '../../lib/core/wire/bytes/transfer.ts'
import { encodeThrown } from '../../lib/core/wire/encode-thrown.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { decodeThrown } from '../../lib/core/wire/rich/error-record.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { Action, ActionError, UnsendableError } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { expectSame, overTheWire } from './same-value.ts'

const registry = new ClassRegistry()
const codec = new StandardCodec(registry)

/** What the same text makes in another realm and in this one. */
const texts: Readonly<Record<string, string>> = {
  'an object': '({ a: 1, b: { c: [true, null] } })',
  'an object without a prototype': 'Object.assign(Object.create(null), { a: 1 })',
  'a list': '[1, { b: 2 }, []]',
  'what JSON.parse makes': 'JSON.parse(\'{"rows":[1,2]}\')',
  'a Date': 'new Date(7)',
  'an invalid Date': 'new Date(NaN)',
  'a Map': 'new Map([["a", { b: 1 }], [{ c: 2 }, new Date(3)]])',
  'a Set': 'new Set([1, [2]])',
  'small bytes': 'new Uint8Array([1, 2, 3])',
  'large bytes': 'new Uint8Array(65536).fill(3)',
  'a part of bytes': 'new Uint8Array([1, 2, 3]).subarray(1)',
  'small bytes in an object': '({ bytes: new Uint8Array([1, 2]) })',
  'an array of floats': 'new Float64Array([1.5, -0])',
  'an array of bigints': 'new BigInt64Array([1n])',
  'an ArrayBuffer': 'new Uint8Array([1, 2]).buffer',
  'a DataView': 'new DataView(new Uint8Array([1, 2]).buffer)',
  'a mixture': '({ at: new Date(1), more: [new Set([new Map([[1, undefined]])])] })',
}

describe('values of another realm', () => {
  for (const [name, text] of Object.entries(texts)) {
    it(`${name} arrives as the one of this realm`, () => {
      const here = new Function(`return ${text}`)() as unknown
      const came = codec.decode(overTheWire(codec.encode(runInNewContext(text), 'data')))
      const own = name === 'an object without a prototype' ? { a: 1 } : here
      expectSame(came, own)
    })
  }

  it('plain ones are packed as those of this realm are', () => {
    expect(codec.encode(runInNewContext('({ rows: [{ a: 1 }] })'), 'data')).to.be.instanceOf(Packed)
    expect(codec.encode({ inside: runInNewContext('[1]') }, 'data')).to.be.instanceOf(Packed)
  })

  it('a regular expression where they may travel', () => {
    const rules = { allowRegExp: true }
    const payload = codec.encode(runInNewContext('/a+/gi'), 'data', rules)
    expect(codec.decode(overTheWire(payload), rules)).to.deep.equal(/a+/gi)
    expect(() => codec.encode(runInNewContext('/a+/gi'), 'data')).to.throw(UnsendableError, /regular expressions/)
  })

  for (const name of ['Error', 'TypeError', 'RangeError', 'SyntaxError'] as const) {
    it(`a ${name}, with its cause and its fields`, () => {
      const thrown = runInNewContext(
        `Object.assign(new ${name}('of the sandbox', { cause: new URIError('why') }), { at: new Date(1) })`,
      )
      const came = decodeThrown(codec, overTheWire(encodeThrown(codec, thrown))) as Error & { at: Date }
      expect(Object.getPrototypeOf(came)).to.equal(globalThis[name].prototype)
      expect([came.name, came.message, came.at]).to.deep.equal([name, 'of the sandbox', new Date(1)])
      expect(came.cause).to.be.instanceOf(URIError).with.property('message', 'why')
    })
  }

  it('an AggregateError', () => {
    const thrown = runInNewContext("new AggregateError([new TypeError('one')], 'many')")
    const came = codec.decode(overTheWire(codec.encode(thrown, 'data'))) as AggregateError
    expect(came).to.be.instanceOf(AggregateError)
    expect(came.errors[0]).to.be.instanceOf(TypeError).with.property('message', 'one')
  })

  it('an error whose fields cannot all travel, without those', () => {
    const thrown = runInNewContext("Object.assign(new TypeError('of the sandbox'), { call: () => 1 })")
    const came = decodeThrown(codec, encodeThrown(codec, thrown)) as Error
    expect(came).to.be.instanceOf(TypeError).with.property('message', 'of the sandbox')
    expect(came).not.to.have.property('call')
  })

  it('an error of a class that the sandbox declares', () => {
    const Broken = runInNewContext("class Broken extends Error { get name() { return 'Broken' } }; Broken")
    const own = new ClassRegistry()
    own.declareError(Broken)
    const both = new StandardCodec(own)
    const came = both.decode(overTheWire(both.encode(new Broken('it broke'), 'data')))
    expect(came).to.be.instanceOf(Broken).with.property('message', 'it broke')
  })

  it('bytes that are given away', () => {
    const bytes = runInNewContext('new Uint8Array(65536).fill(1)') as Uint8Array
    const came = codec.decode(overTheWire(codec.encode({ bytes: transfer(bytes) }, 'data')))
    expect(bytes.length).to.equal(0)
    expectSame(came, { bytes: new Uint8Array(65536).fill(1) })
  })

  it('not an instance of a class that the sandbox did not declare, nor what only claims to be a built-in', () => {
    for (const text of [
      'new (class Row { a = 1 })()',
      'new (class Object { a = 1 })()',
      'new (class List extends Array {})()',
      'new (class Map { get size() { return 0 } })()',
      'Promise.resolve(1)',
      'new WeakMap()',
    ]) {
      expect(() => codec.encode(runInNewContext(text), 'data'), text).to.throw(UnsendableError, /cannot be serialized/)
    }
    const fake = Object.create({ constructor: Object })
    expect(() => codec.encode(fake, 'data')).to.throw(UnsendableError)
  })

  it('not what only has the prototype of one', () => {
    for (const text of [
      'Object.create(Date.prototype)',
      'Object.create(Map.prototype)',
      'Object.create(Uint8Array.prototype)',
    ]) {
      expect(() => codec.encode(runInNewContext(text), 'data'), text).to.throw(UnsendableError)
    }
  })
})

describe('what another realm gives to a server and a client', () => {
  class Give extends Action {
    static override errors = [ActionError]
    action(text: string) {
      return runInNewContext(text, { setTimeout }) as unknown
    }
  }
  class Echo extends Action {
    action(value: unknown) {
      return value
    }
  }
  class Checked extends Action {
    static override input = runInNewContext(
      "({ '~standard': { version: 1, vendor: 'sandbox', validate: async (value) => ({ value: { checked: value } }) } })",
    )
    action(value: unknown) {
      return value
    }
  }

  it('results, promises, generators, errors, data, options, schemas and trees of actions are what they are', async () => {
    const actions = runInNewContext('({ deep: { twice: (n) => n * 2 } })')
    await using harness = await createHarness({ actions: [new Give(), new Echo(), new Checked()] })
    const { client, server } = harness
    server.addActions(actions)
    expect(await client.runAction(Give, '({ a: [new Date(1)] })')).to.deep.equal({ a: [new Date(1)] })
    expect(await client.runAction(Give, '(async () => ({ a: 1 }))()')).to.deep.equal({ a: 1 })
    const items: unknown[] = []
    for await (const item of client.runAction(Give, '(async function* () { yield { n: 1 }; yield new Set([2]) })()'))
      items.push(item)
    for await (const item of client.runAction(Give, '(function* () { yield [3] })()')) items.push(item)
    expect(items).to.deep.equal([{ n: 1 }, new Set([2]), [3]])
    const failure = await client.runAction(Give, "(async () => { throw new TypeError('of the sandbox') })()").outcome()
    expect(failure.ok ? undefined : failure.error)
      .to.be.instanceOf(TypeError)
      .with.property('message', 'of the sandbox')
    const data = runInNewContext('({ at: new Date(1), list: [1] })')
    const options = runInNewContext('({ timeoutMs: 5_000 })')
    expect(await client.runAction(Echo, data, options)).to.deep.equal({ at: new Date(1), list: [1] })
    expect(await client.runAction(Checked, data)).to.deep.equal({ checked: { at: new Date(1), list: [1] } })
    expect(await client.runAction('deep.twice', 4)).to.equal(8)
  })
})
