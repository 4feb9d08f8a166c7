// A client whose process is short: one call with a key, `<json of KeyedPlace>`. Prints `asking`, and then what it heard as a line of JSON, unless
// it is killed before.
import { Client } from '../../../lib/index.ts'
import type { CallKind } from '../contracts.ts'
import { askOnce, callerOptions } from './calls.ts'

export interface KeyedPlace {
  readonly addresses: readonly string[]
  readonly kind: CallKind
  /** The id of the call, which is its key too. */
  readonly id: string
  readonly timeoutMs: number
}

const { addresses, kind, id, timeoutMs } = JSON.parse(process.argv[2] as string) as KeyedPlace
process.on('disconnect', () => process.exit())
const client = new Client([...addresses], { ...callerOptions, timeoutMs })
await client.connect().catch(() => undefined)
console.log('asking')
console.log(JSON.stringify(await askOnce(client, { id, kind, key: id })))
await client.close()
process.exit()
