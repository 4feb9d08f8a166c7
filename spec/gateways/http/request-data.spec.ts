// From the bytes of a body to the data of a call: what a head may say, and what is superjson.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import { expect } from 'chai'
import { defaultLimits } from '../../../lib/core/base/options.ts'
import type { Encoded } from '../../../lib/core/wire/bytes/encoded.ts'
import { ClassRegistry } from '../../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../../lib/core/wire/value-codec.ts'
import { fingerprintOf, readIdempotencyKey } from '../../../lib/gateways/http/idempotency-key.ts'
import { bodyTypeOf, DataReader } from '../../../lib/gateways/http/request-data.ts'

type Fault = Error & { status: number }

const faultOf = (work: () => unknown): Fault => {
  try {
    work()
  } catch (error) {
    return error as Fault
  }
  throw new Error('it was not refused')
}

describe('The type of a body', () => {
  const typeOf = (headers: IncomingHttpHeaders) => bodyTypeOf({ headers } as IncomingMessage)

  it('is read off its head', () => {
    const json = 'application/json'
    expect(typeOf({})).to.equal('none')
    expect(typeOf({ 'content-length': '0' })).to.equal('none')
    expect(typeOf({ 'content-type': 'application/octet-stream' })).to.equal('bytes')
    expect(typeOf({ 'content-type': json })).to.equal('json')
    expect(typeOf({ 'content-type': json, 'content-encoding': 'Identity' })).to.equal('json')
    for (const charset of ['utf-8', 'utf8'])
      expect(typeOf({ 'content-type': `${json}; charset=${charset}` })).to.equal('json')
    for (const format of ['json', 'superjson', 'plain'])
      expect(typeOf({ 'content-type': `${json}; format=${format}` })).to.equal(format)
  })

  it('is refused with 415 where nobody could read it', () => {
    const refused = [
      { 'content-length': '1' },
      { 'transfer-encoding': 'chunked' },
      { 'transfer-encoding': 'chunked', 'content-length': '0' },
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/json; charset=latin1' },
      { 'content-type': 'application/json; format=xml' },
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      { 'content-encoding': 'gzip' },
    ]
    for (const headers of refused) expect(faultOf(() => typeOf(headers)).status, JSON.stringify(headers)).to.equal(415)
  })
})

describe('The data of a body', () => {
  const codec = new StandardCodec(new ClassRegistry())
  const reader = new DataReader(defaultLimits)
  const read = (text: string, type: 'json' | 'superjson' | 'plain' | 'bytes' | 'none') => {
    const { data, format } = reader.read(Buffer.from(text), type)
    const value = data === undefined ? undefined : codec.decode((data as Encoded).payload)
    return [value instanceof Uint8Array ? Buffer.from(value).toString() : value, format]
  }

  it('is what its type says', () => {
    expect(read('', 'none')).to.deep.equal([undefined, 'plain'])
    expect(read('', 'superjson')).to.deep.equal([undefined, 'superjson'])
    expect(read('text', 'bytes')).to.deep.equal(['text', 'plain'])
    expect(read('{"a":[1,null]}', 'json')).to.deep.equal([{ a: [1, null] }, 'plain'])
  })

  it('is superjson where it says so, or can be nothing else', () => {
    const date = '{"json":"1970-01-01T00:00:00.000Z","meta":{"values":["Date"],"v":1}}'
    for (const type of ['json', 'superjson'] as const)
      expect(read(date, type)).to.deep.equal([new Date(0), 'superjson'])
    expect(read(date, 'plain')).to.deep.equal([JSON.parse(date), 'plain'])
    expect(read('{"json":5}', 'superjson')).to.deep.equal([5, 'superjson'])
    const nothing = '{"json":null,"meta":{"values":["undefined"],"v":1}}'
    expect(read(nothing, 'superjson')).to.deep.equal([undefined, 'superjson'])
    // What an action of its own might call its fields.
    for (const own of [
      '{"json":5}',
      '{"json":5,"meta":5}',
      '{"json":5,"meta":{}}',
      '{"json":5,"meta":{"values":[]},"more":1}',
      '{"meta":{"values":[]},"other":1}',
      '[{"json":5,"meta":{"values":[]}}]',
    ])
      expect(read(own, 'json'), own).to.deep.equal([JSON.parse(own), 'plain'])
  })

  it('is refused with 400 where it is not what it says', () => {
    for (const [text, type] of [
      ['{', 'json'],
      ['nothing', 'json'],
      ['5', 'superjson'],
      ['[]', 'superjson'],
      ['null', 'superjson'],
      ['{"json":1,"meta":{},"more":1}', 'superjson'],
      ['['.repeat(65) + ']'.repeat(65), 'plain'],
    ] as const)
      expect(faultOf(() => read(text, type)).status, text).to.equal(400)
    expect(faultOf(() => reader.read(new Uint8Array([0x22, 0xff, 0x22]), 'json')).status).to.equal(400)
  })

  it('is refused with 413 where it fits no frame', () => {
    const small = new DataReader({ ...defaultLimits, maxFrameBytes: 2_000 })
    expect(small.read(Buffer.from('"x"'), 'json').format).to.equal('plain')
    expect(faultOf(() => small.read(Buffer.alloc(2_001), 'bytes')).status).to.equal(413)
  })
})

describe('An Idempotency-Key header', () => {
  const keyOf = (header?: string) => readIdempotencyKey(header === undefined ? {} : { 'idempotency-key': header })

  it('is one text of ASCII, with quotes or without', () => {
    expect(keyOf()).to.equal(undefined)
    expect(keyOf('"k 1"')).to.equal('k 1')
    expect(keyOf(' k1 ')).to.equal('k1')
    expect(keyOf('"say \\"hi\\" \\\\"')).to.equal('say "hi" \\')
    expect(keyOf('x'.repeat(255))).to.have.length(255)
    expect(keyOf(`"${'x'.repeat(255)}"`)).to.have.length(255)
    for (const wrong of ['', '""', 'a b', 'a,b', '"a', 'a"', '"\\a"', 'ü', 'x'.repeat(256), `"${'x'.repeat(256)}"`])
      expect(faultOf(() => keyOf(wrong)).status, wrong).to.equal(400)
  })

  it('is for one body: its type and its bytes', () => {
    const [a, b] = [Buffer.from('a'), Buffer.from('b')]
    expect(fingerprintOf('json', a)).to.equal(fingerprintOf('json', Buffer.from('a')))
    const all = [fingerprintOf('json', a), fingerprintOf('json', b), fingerprintOf('bytes', a)]
    expect(new Set(all).size).to.equal(3)
  })
})
