// Text of every kind into the gateway: what is no signal is answered with an error and does nothing else.
import { expect } from 'chai'
import fc from 'fast-check'
import { readSignals } from '../../../lib/gateways/lexicons/signals.ts'
import { anyCharacter } from '../../setup/any-character.ts'
import { longIt, sizeOf } from '../../setup/long.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { LexiconsWorld, type RawClient } from './lexicons-world.ts'

/** Keys that mean something to somebody, among any others. */
const keys = fc.oneof(
  fc.constantFrom('Count', 'Quiet', 'Fail', 'Subscribe', 'Unsubscribe', 'Errors', '__proto__', 'constructor', 'then'),
  fc.constantFrom('text', 'why', 'channel', 'key', 'since', 'toJSON', 'isock.ping', ''),
  fc.string(),
)
const { tree } = fc.letrec<{ tree: unknown }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom('Public', 'News', 'Secret', 'oldest'),
    fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null)),
    fc.array(tie('tree'), { maxLength: 4 }),
    fc.dictionary(keys, tie('tree'), { maxKeys: 3, noNullPrototype: true }),
  ),
}))
/** What is nearly right. */
const nearly = fc.oneof(
  tree,
  fc.dictionary(keys, fc.dictionary(keys, tree, { maxKeys: 3, noNullPrototype: true }), { maxKeys: 2 }),
  fc.array(fc.dictionary(keys, fc.dictionary(keys, tree, { maxKeys: 2 }), { minKeys: 1, maxKeys: 1 }), {
    maxLength: 4,
  }),
)
const broken = fc.tuple(nearly, fc.nat(), fc.string({ maxLength: 3 })).map(([value, at, text]) => {
  const json = JSON.stringify(value) ?? ''
  const place = at % (json.length + 1)
  return json.slice(0, place) + text + json.slice(place + text.length)
})
const texts = fc.oneof(
  nearly.map((value) => JSON.stringify(value) ?? 'undefined'),
  broken,
  fc.string({ unit: anyCharacter, maxLength: 50 }),
)

describe('lexicons: fuzzed messages', function () {
  this.timeout(120_000)

  it('are signals with a name and an object, or a fault', () => {
    fc.assert(
      fc.property(texts, (text) => {
        const message = readSignals(text, 3)
        if ('fault' in message) return message.fault.length > 0
        return message.signals.length <= 3 && message.signals.every(({ name, data }) => isPlain(name, data))
      }),
      { numRuns: 3_000 },
    )
  })

  longIt('disturb nobody: whoever sent them is answered as before, and so are others', async () => {
    const world = new LexiconsWorld()
    try {
      await world.begin({ maxSubscriptions: 3 })
      const honest = await world.client()
      let wanted = 1_000
      await fc.assert(
        fc.asyncProperty(fc.array(texts, { minLength: 1, maxLength: 10 }), async (messages) => {
          const client = await world.client()
          wanted++
          for (const message of messages) client.send(message)
          const before = client.named('Count').length
          expect(await isServed(client, wanted)).to.equal(true)
          expect(await isServed(honest, wanted)).to.equal(true)
          expect(client.named('Count').length).to.be.above(before)
          for (const [index, message] of messages.entries()) {
            const isRefused = 'fault' in readSignals(message, 100)
            if (isRefused) expect(client.errors.length, `${index}: ${message}`).to.be.above(0)
          }
          await client.close()
        }),
        { numRuns: sizeOf({ all: 150, few: 25 }) },
      )
      await honest.close()
      await waitFor(() => world.server.sessions.length === 0)
    } finally {
      await world.close()
    }
  })
})

/** `wanted` is an answer that nothing else gives. */
async function isServed(client: RawClient, wanted: number): Promise<boolean> {
  client.send({ Count: { text: 'x'.repeat(wanted) } })
  await waitFor(() => client.named('Count').includes(wanted), { timeoutMs: 10_000 })
  return true
}

function isPlain(name: unknown, data: unknown): boolean {
  return typeof name === 'string' && typeof data === 'object' && data !== null && !Array.isArray(data)
}
