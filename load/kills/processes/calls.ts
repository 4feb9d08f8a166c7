// One call to the killed servers, and what its caller heard.
import { type Client, type ClientOptions, type IsockError, OutcomeUnknownError } from '../../../lib/index.ts'
import { SeededRandom } from '../../../lib/testing/seeded-random.ts'
import {
  Append,
  accounts,
  type CallKind,
  Effect,
  lists,
  type Outcome,
  type Receipt,
  TooLittle,
  Transfer,
  type Word,
} from '../contracts.ts'

/** How long a call waits: longer than any outage of these servers. */
const timeoutMs = 600_000

export const callerOptions: ClientOptions = {
  sharedSessions: true,
  retry: 10_000,
  patienceMs: timeoutMs,
  timeoutMs,
  backoff: { minMs: 10, maxMs: 300 },
  limits: { heartbeatMs: 500, deadAfterMs: 1_500, handshakeTimeoutMs: 1_500 },
}

/** One call, with or without a key, and what came of it. */
export async function askOnce(
  client: Client,
  { id, kind, key }: { readonly id: string; readonly kind: CallKind; readonly key?: string },
  onRetry?: () => void,
): Promise<Pick<Outcome, 'word' | 'receipt' | 'error'>> {
  const options = { ...(key === undefined ? {} : { key }), ...(onRetry === undefined ? {} : { onRetry }) }
  try {
    return { word: 'ok', receipt: await call(client, id, kind, options) }
  } catch (error) {
    return { word: wordOf(error), error: `${(error as Error).name}: ${(error as Error).message}` }
  }
}

function call(
  client: Client,
  id: string,
  kind: CallKind,
  options: { readonly key?: string; readonly onRetry?: () => void },
): Promise<Receipt> {
  if (kind === 'effect') return client.runAction(Effect, { id }, options)
  // Of the id alone: the same key must have the same data.
  const random = new SeededRandom([...id].reduce((sum, letter) => Math.imul(sum, 31) + letter.charCodeAt(0), 7))
  if (kind === 'append') return client.runAction(Append, { id, list: random.pick(lists) as string }, options)
  const at = random.between(0, accounts.length - 1)
  const from = accounts[at] as string
  const to = accounts[(at + random.between(1, accounts.length - 1)) % accounts.length] as string
  return client.runAction(Transfer, { id, from, to, amount: random.between(1, 40) }, options)
}

function wordOf(error: unknown): Word {
  const { code, notStarted } = error as IsockError
  if (error instanceof TooLittle) return 'refused'
  if (error instanceof OutcomeUnknownError) return 'unknown'
  if ((code as string) === 'STORE_UNAVAILABLE') return 'not kept'
  return notStarted === true ? 'not started' : 'other'
}
