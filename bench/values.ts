// The value codec against what it is built on: bare JSON for plain values, superjson's own round trip for rich ones.
// Prints a table of the best of several interleaved rounds; run it on a quiet core: `npx tsx bench/values.ts`.

import { SuperJSON } from 'superjson'
import { ClassRegistry } from '../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../lib/core/wire/value-codec.ts'

type RoundTrip = (value: unknown) => unknown

const codec = new StandardCodec(new ClassRegistry())
const superjson = new SuperJSON()

const ours: RoundTrip = (value) => codec.decode(codec.encode(value, 'data'))
const bareJson: RoundTrip = (value) => JSON.parse(JSON.stringify(value))
const bareSuperjson: RoundTrip = (value) => superjson.parse(superjson.stringify(value))

const row = (id: number): unknown => ({
  id,
  title: 'a title of forty characters, more or less',
  body: 'x'.repeat(80),
  tags: ['one', 'two'],
  author: { name: 'Ann', age: 40 + id },
  ok: id % 2 === 0,
})

const cases: readonly { name: string; value: unknown; baseline: RoundTrip; calls: number }[] = [
  {
    name: 'small object',
    value: { id: 7, name: 'Ann', tags: ['a', 'b'], ok: true },
    baseline: bareJson,
    calls: 100_000,
  },
  { name: 'ten rows', value: Array.from({ length: 10 }, (_, id) => row(id)), baseline: bareJson, calls: 10_000 },
  {
    name: 'rich mix',
    value: {
      at: new Date(0),
      scores: new Map([
        ['ann', 1],
        ['bob', 2],
      ]),
      seen: new Set(['a', 'b', 'c']),
      big: 12_345_678_901_234_567_890n,
      failure: new TypeError('it did not work'),
      note: 'plain',
    },
    baseline: bareSuperjson,
    calls: 5_000,
  },
]

for (const { name, value, baseline, calls } of cases) {
  let oursUs = Number.POSITIVE_INFINITY
  let baselineUs = Number.POSITIVE_INFINITY
  for (let round = 0; round < 12; round++) {
    oursUs = Math.min(oursUs, microseconds(ours, value, calls))
    baselineUs = Math.min(baselineUs, microseconds(baseline, value, calls))
  }
  const ratio = (oursUs / baselineUs).toFixed(2)
  console.log(
    `${name.padEnd(14)} codec ${oursUs.toFixed(2)} us   baseline ${baselineUs.toFixed(2)} us   ratio ${ratio}`,
  )
}

function microseconds(roundTrip: RoundTrip, value: unknown, calls: number): number {
  const start = process.hrtime.bigint()
  for (let i = 0; i < calls; i++) roundTrip(value)
  return Number(process.hrtime.bigint() - start) / 1_000 / calls
}
