// What it costs that bytes are copied when they are given, and what transfer() saves: uploads of fresh buffers over loopback,
// both ways in turn in one process. Prints a table of medians: `npx tsx bench/given-bytes.ts`.
import { Action, Client, Server, transfer } from '../lib/index.ts'

class Take extends Action {
  override action(bytes: Uint8Array): number {
    return bytes.length
  }
}

const rounds = 9
const bytesPerSample = 96 * 1024 * 1024
const ways = { copy: (bytes: Uint8Array) => bytes, transfer } as const
type Way = keyof typeof ways

const server = new Server('127.0.0.1', 0)
server.addAction(new Take())
await server.listen()
const client = new Client(server.addresses[0] as string)
await client.connect()

/** Microseconds of wall-clock time and of processor time for each call. */
async function sample(way: Way, size: number, inFlight: number): Promise<{ wall: number; processor: number }> {
  const give = ways[way]
  const calls = bytesPerSample / size
  let left = calls
  const lane = async (): Promise<void> => {
    while (left-- > 0) await client.runAction(Take, give(new Uint8Array(size)))
  }
  const cpu = process.cpuUsage()
  const start = process.hrtime.bigint()
  await Promise.all(Array.from({ length: inFlight }, lane))
  const wall = Number(process.hrtime.bigint() - start) / 1_000 / calls
  const { user, system } = process.cpuUsage(cpu)
  return { wall, processor: (user + system) / calls }
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] as number
}

console.log('| bytes | in flight | copy, us a call | transfer, us a call | copy / transfer: time | processor |')
console.log('|---|---|---|---|---|---|')
for (const size of [64 * 1024, 1024 * 1024]) {
  for (const inFlight of [1, 16]) {
    const taken: Record<Way, { wall: number; processor: number }[]> = { copy: [], transfer: [] }
    for (let round = -1; round < rounds; round++) {
      for (const way of (round & 1 ? ['copy', 'transfer'] : ['transfer', 'copy']) as Way[]) {
        const one = await sample(way, size, inFlight)
        if (round >= 0) taken[way].push(one) // the first one warms up
      }
    }
    const [copy, given] = (['copy', 'transfer'] as const).map((way) => ({
      wall: median(taken[way].map(({ wall }) => wall)),
      processor: median(taken[way].map(({ processor }) => processor)),
    })) as [{ wall: number; processor: number }, { wall: number; processor: number }]
    const ratios = [copy.wall / given.wall, copy.processor / given.processor].map((ratio) => ratio.toFixed(2))
    console.log(
      `| ${size / 1024} KiB | ${inFlight} | ${copy.wall.toFixed(0)} | ${given.wall.toFixed(0)} | ${ratios.join(' | ')} |`,
    )
  }
}
await client.close()
await server.shutdown({ graceMs: 0 })
