// The bounds of the system: their defaults, and what is refused as one, at its very edge.
import { expect } from 'chai'
import { ClientError } from '../../lib/core/base/errors.ts'
import {
  defaultLimits,
  describe as describeValue,
  type Limits,
  maxHandshakeBytes,
  mostCallsInFlight,
  requireCount,
  requirePositive,
  resolveLimits,
} from '../../lib/core/base/options.ts'

const told = [
  'maxFrameBytes',
  'maxCallsInFlight',
  'streamWindowBytes',
  'maxInFlightBytes',
  'maxValueDepth',
  'maxValueContainers',
]
const names = Object.keys(defaultLimits) as (keyof Limits)[]

function refusalOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    expect(error).to.be.instanceOf(ClientError)
    expect((error as ClientError).code).to.equal('INVALID_OPTION')
    return (error as Error).message
  }
  return ''
}

describe('Limits', () => {
  it('are the defaults where none is given', () => {
    expect(resolveLimits()).to.deep.equal(defaultLimits)
    expect(resolveLimits({ heartbeatMs: 7 })).to.deep.equal({ ...defaultLimits, heartbeatMs: 7 })
  })

  it('have the defaults that the documents tell', () => {
    expect(defaultLimits).to.deep.equal({
      maxFrameBytes: 4_194_304,
      maxHeldBytes: 268_435_456,
      unusedSessionLeaseMs: 30_000,
      maxCallsInFlight: 1_024,
      maxRunningCalls: 65_536,
      maxQueuedCalls: 65_536,
      maxLedgerBytes: 16_777_216,
      maxInFlightBytes: 67_108_864,
      streamWindowBytes: 262_144,
      maxWriteQueueBytes: 16_777_216,
      maxValueDepth: 64,
      maxValueContainers: 200_000,
      sessionLeaseMs: 900_000,
      cancelGraceMs: 1_000,
      closedLinkGraceMs: 10_000,
      leftPageLeaseMs: 20_000,
      maxSessions: 100_000,
      maxUnauthenticatedLinks: 1_024,
      handshakeTimeoutMs: 5_000,
      frameTimeoutMs: 30_000,
      heartbeatMs: 15_000,
      deadAfterMs: 45_000,
    })
    expect([maxHandshakeBytes, mostCallsInFlight]).to.deep.equal([4_096, 65_536])
  })

  it('are refused by a name that there is not', () => {
    expect(refusalOf(() => resolveLimits({ maxFrameByte: 1 } as never))).to.equal(
      'limits: unknown option "maxFrameByte"; did you mean maxFrameBytes?',
    )
  })

  for (const name of names)
    it(`are positive numbers: ${name}`, () => {
      for (const wrong of [0, -1, Number.NaN, '5' as never, null as never])
        expect(
          refusalOf(() => resolveLimits({ [name]: wrong })),
          String(wrong),
        ).to.match(new RegExp(`^option limits\\.${name}: expected a positive number, got `))
    })

  for (const name of names)
    it(`are ${told.includes(name) ? 'whole numbers where the other side is told' : 'fractions and Infinity too where not'}: ${name}`, () => {
      for (const value of [1.5, Number.POSITIVE_INFINITY]) {
        const refusal = refusalOf(() => resolveLimits({ [name]: value }))
        if (told.includes(name))
          expect(refusal).to.equal(`option limits.${name}: expected a whole number, got ${value}`)
        else expect(refusal).to.equal('')
      }
      expect(resolveLimits({ [name]: 1 })[name]).to.equal(1)
    })

  it('end where tables, the stack and the length of a frame end', () => {
    const ends: [keyof Limits, number, string][] = [
      ['maxCallsInFlight', 65_536, 'at most 65536'],
      ['maxValueDepth', 512, 'at most 512'],
      ['maxFrameBytes', 2 ** 31 - 1, 'below 2 GiB'],
    ]
    for (const [name, most, expected] of ends) {
      expect(resolveLimits({ [name]: most })[name]).to.equal(most)
      expect(refusalOf(() => resolveLimits({ [name]: most + 1 }))).to.equal(
        `option limits.${name}: expected ${expected}, got ${most + 1}`,
      )
    }
  })
})

describe('A number among options', () => {
  it('is returned where it is positive', () => {
    expect(requirePositive('n', 0.5)).to.equal(0.5)
    for (const wrong of [0, -0.5, Number.NaN, '1', undefined, 1n, { valueOf: () => 1 }])
      expect(refusalOf(() => requirePositive('n', wrong))).to.match(/^option n: expected a positive number/)
  })

  it('is returned where it is a count, or without a bound', () => {
    for (const count of [0, 1, 7, Number.POSITIVE_INFINITY]) expect(requireCount('n', count)).to.equal(count)
    for (const wrong of [-1, 0.5, Number.NaN, Number.NEGATIVE_INFINITY, '1', undefined])
      expect(refusalOf(() => requireCount('n', wrong))).to.match(/^option n: expected a whole number of at least 0/)
  })
})

describe('A value in a message', () => {
  it('is short, and says what it is', () => {
    const nameless = Object.defineProperty(() => undefined, 'name', { value: '' })
    const odd = { constructor: { name: 5 } }
    const Anonymous = Object.defineProperty(class {}, 'name', { value: '' })
    for (const [value, text] of [
      [null, 'null'],
      ['x', '"x"'],
      ['x'.repeat(60), `"${'x'.repeat(60)}"`],
      ['x'.repeat(61), 'a string of 61 characters'],
      [class Pay {}, 'the function or class Pay'],
      [nameless, 'a function'],
      [5, '5'],
      [undefined, 'undefined'],
      [Symbol('s'), 'Symbol(s)'],
      [new Map(), 'an instance of Map'],
      [Object.create(null), 'an object'],
      [odd, 'an object'],
      [new Anonymous(), 'an object'],
    ] as const)
      expect(describeValue(value)).to.equal(text)
  })
})
