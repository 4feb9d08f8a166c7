// What `db` costs beside MikroORM used directly: the same statements, on the same kind of store, in turns.
//
//   npm run bench:data -- [--url memory: | file:<path> | postgres://... --schema <name>] [--rounds 15] [--durability]
//
// --durability: what durability 'full' costs beside 'normal', in a file.
// Compiled: the TypeScript loader names each function that is made, which costs our side up to a tenth.
import { parseArgs } from 'node:util'
import { type Contender, cells } from './cells.ts'
import { directly } from './directly.ts'
import { dropSchema } from './drop-schema.ts'
import { throughDb } from './through-db.ts'

const { values } = parseArgs({
  options: {
    url: { type: 'string', default: 'memory:' },
    rounds: { type: 'string', default: '15' },
    schema: { type: 'string' },
    durability: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const rowCount = 10_000

interface Sample {
  readonly us: number
  readonly cpuUs: number
}

await dropSchemas()
const names = values.durability ? ['full', 'normal'] : ['db', 'MikroORM']
const contenders: readonly Contender[] = values.durability
  ? [await throughDb(values.url, undefined, 'full'), await throughDb(values.url, undefined, 'normal')]
  : [await throughDb(values.url, schemaOf('db')), await directly(values.url, schemaOf('orm'))]
for (const contender of contenders) await contender.fill(rowCount)

for (const cell of cells) {
  const samples = new Map<Contender, Sample[]>(contenders.map((each) => [each, []]))
  // The first two rounds warm up.
  for (let round = -2; round < rounds; round++) {
    const order = round % 2 === 0 ? contenders : contenders.toReversed()
    for (const contender of order) {
      const sample = await measure(() => cell.run(contender, round + 2), cell.operations)
      if (round >= 0) samples.get(contender)?.push(sample)
    }
  }
  const [ours, theirs] = contenders.map((each) => samples.get(each) as Sample[]) as [Sample[], Sample[]]
  const ratios = ours.map((sample, at) => sample.cpuUs / (theirs[at] as Sample).cpuUs)
  const times = ours.map((sample, at) => sample.us / (theirs[at] as Sample).us)
  const show = (all: readonly Sample[]): string =>
    `${median(all.map(({ us }) => us)).toFixed(1)} us (CPU ${median(all.map(({ cpuUs }) => cpuUs)).toFixed(1)})`
  console.log(
    `${cell.name.padEnd(28)} ${names[0]} ${show(ours)}   ${names[1]} ${show(theirs)}   ratio of time ${median(times).toFixed(2)}, of CPU ${median(ratios).toFixed(2)}`,
  )
}
for (const contender of contenders) await contender.close()
await dropSchemas()

async function dropSchemas(): Promise<void> {
  for (const schema of [schemaOf('db'), schemaOf('orm')]) if (schema !== undefined) await dropSchema(values.url, schema)
}

function schemaOf(name: string): string | undefined {
  return values.schema === undefined ? undefined : `${values.schema}_${name}`
}

async function measure(run: () => Promise<void>, operations: number): Promise<Sample> {
  const cpu = process.cpuUsage()
  const startedAt = performance.now()
  await run()
  const us = ((performance.now() - startedAt) * 1_000) / operations
  const used = process.cpuUsage(cpu)
  return { us, cpuUs: (used.user + used.system) / operations }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] as number
}
