// HELLO, WELCOME and REFUSED: every field, and every way in which one can be wrong.
import { encode } from '@msgpack/msgpack'
import { expect } from 'chai'
import { ProtocolError } from '../../lib/core/base/errors.ts'
import { frameOfArray } from './frame-arrays.ts'
import { fromHex, readBody } from './frame-bytes.ts'

const limits = [4_194_304, 1_024, 262_144, 67_108_864]
const secret = new Uint8Array(32).fill(7)
const hello: readonly unknown[] = [1, 1, 0, 'session', secret, 'me', limits, { token: 'x' }]
const welcome: readonly unknown[] = [2, 1, 0, 'session', secret, true, limits]

function withField(frame: readonly unknown[], index: number, value: unknown): Uint8Array {
  return encode(frame.with(index, value))
}

function refuses(body: Uint8Array, message: string | RegExp): void {
  expect(() => readBody(body), Buffer.from(body).toString('hex')).to.throw(ProtocolError, message)
}

describe('Handshake frames', () => {
  it('are read with everything in them', () => {
    expect(readBody(encode(hello))).to.deep.equal(frameOfArray(hello))
    expect(readBody(encode(welcome))).to.deep.equal(frameOfArray(welcome))
  })

  it('are read with nothing that may be left out', () => {
    const first = [1, 1, 0, null, null, null, limits, {}]
    expect(readBody(encode(first))).to.deep.equal(frameOfArray(first))
  })

  it('are read whatever the version and the features: the server refuses them by name', () => {
    expect(readBody(withField(hello, 1, 2 ** 40))).to.include({ version: 2 ** 40 })
    expect(readBody(withField(hello, 2, 0xffff))).to.include({ features: 0xffff })
  })

  const wrongHellos: readonly (readonly [string, number, readonly unknown[]])[] = [
    ['version', 1, [null, -1, 1.5, '1', [1], true]],
    ['features', 2, [null, -1, 0.5, '0']],
    ['session', 3, ['', 5, 'x'.repeat(513), [], {}, true]],
    ['resume', 4, ['secret', new Uint8Array(65), 5, []]],
    ['name', 5, ['', 5, 'x'.repeat(513), []]],
    ['limits', 6, [null, {}, [], [1, 2, 3], [1, 2, 3, 4, 5], [0, 1, 1, 1], [1, 1, 0, 1], [1, 1, 1, 0]]],
    [
      'limits',
      6,
      [
        [1, -1, 1, 1],
        [1.5, 1, 1, 1],
        ['1', 1, 1, 1],
        [1, 1, 1, null],
        [1, 65_537, 1, 1],
      ],
    ],
    ['credentials', 7, [null, [], 'token', 5, true, new Uint8Array(2)]],
  ]
  for (const [field, index, values] of wrongHellos) {
    it(`HELLO is refused with a wrong ${field}: ${JSON.stringify(values).slice(0, 40)}`, () => {
      for (const value of values) refuses(withField(hello, index, value), `HELLO with a wrong ${field}`)
    })
  }

  const wrongWelcomes: readonly (readonly [string, number, readonly unknown[]])[] = [
    ['version', 1, [null, -1]],
    ['session', 3, [null, '', 5]],
    ['resume', 4, [null, 'secret', new Uint8Array(65)]],
    ['resumed', 5, [null, 0, 1, 'true']],
    ['limits', 6, [null, [0, 1, 1, 1]]],
  ]
  for (const [field, index, values] of wrongWelcomes) {
    it(`WELCOME is refused with a wrong ${field}`, () => {
      for (const value of values) refuses(withField(welcome, index, value), `WELCOME with a wrong ${field}`)
    })
  }

  it('a peer may take no calls at all, but no more than there can be slots', () => {
    expect(readBody(withField(hello, 6, [1, 0, 1, 1]))).to.have.nested.property('limits.maxCallsInFlight', 0)
    expect(readBody(withField(hello, 6, [1, 65_536, 1, 1]))).to.have.nested.property('limits.maxCallsInFlight', 65_536)
  })

  it('are refused with fewer or more items, or bytes after them', () => {
    refuses(encode(hello.slice(0, 7)), 'HELLO with a wrong shape')
    refuses(encode([...hello, 0]), 'HELLO with a wrong shape')
    refuses(encode(welcome.slice(0, 6)), 'WELCOME with a wrong shape')
    refuses(encode([...welcome, 0]), 'WELCOME with a wrong shape')
    refuses(Buffer.concat([encode(hello), Uint8Array.of(0xc0)]), '1 bytes after the value')
  })

  it('are refused where they are cut short, at every byte', () => {
    for (const whole of [encode(hello), encode(welcome), fromHex('92 03 a4 22 6e 6f 22')]) {
      for (let length = 0; length < whole.length; length++) {
        expect(() => readBody(whole.subarray(0, length)), `${length} bytes`).to.throw(ProtocolError)
      }
    }
  })

  it('are refused with keys that would reach a prototype', () => {
    const credentials = '81 a9 5f 5f 70 72 6f 74 6f 5f 5f 81 a1 78 01'
    refuses(fromHex(`98 01 01 00 c0 c0 c0 93 01 01 01 ${credentials}`), 'not valid msgpack')
    expect(({} as { x?: unknown }).x).to.equal(undefined)
  })

  it('take the keys `constructor` and `toString` for what they are: own keys', () => {
    const frame = readBody(withField(hello, 7, { constructor: 1, toString: 2 }))
    expect(frame).to.have.property('credentials').with.all.keys('constructor', 'toString')
  })

  it('are refused with keys that are no text, and with extension types', () => {
    refuses(fromHex('98 01 01 00 c0 c0 c0 93 01 01 01 81 90 01'), 'not valid msgpack')
    refuses(fromHex('98 01 01 00 c0 c0 c0 93 01 01 01 81 a1 61 d6 ff 00 00 00 00'), 'type 0xd6')
  })

  it('keep no hold on the receive buffer', () => {
    const body = encode(hello)
    const frame = readBody(body) as { resumeSecret: Uint8Array }
    expect(frame.resumeSecret.buffer).to.not.equal(body.buffer)
    expect(frame.resumeSecret.buffer.byteLength).to.be.at.most(body.length)
  })
})
