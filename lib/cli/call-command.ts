// `isock call`: runs one action by its wire name; prints its items as they arrive, then its result.
import { followSignal } from '../core/base/followed-signals.ts'
import type { ActionListing } from '../core/server/action-listings.ts'
import type { Client } from '../facade/client.ts'
import { areFlags, dataOfFlags, flagsHelp } from './action-flags.ts'
import { readCallData } from './call-data.ts'
import { type ConnectOptions, withClient } from './connect.ts'
import { exitCodes } from './exit-codes.ts'
import { CommandFailure, usageFailure } from './failure.ts'
import { print } from './output.ts'
import { showsUpload, UploadProgress } from './upload-progress.ts'

export interface CallOptions extends ConnectOptions {
  readonly stdin?: boolean
  readonly key?: string
}

/** `words`: what follows the action's name, either JSON or flags. */
export async function callAction(
  address: string,
  action: string,
  words: readonly string[],
  options: CallOptions,
): Promise<void> {
  await withClient(address, options, async (client, signal, printer) => {
    const { stdin: isStreamed = false, key } = options
    const [json] = words
    const progress = showsUpload(isStreamed, process.stderr, process.stdin)
      ? new UploadProgress(process.stderr)
      : undefined
    // An abort also ends a wait for the end of standard input, or for its next line.
    followSignal(signal, () => process.stdin.destroy())
    try {
      const data = areFlags(words)
        ? await readFlags(client, signal, action, words, isStreamed)
        : await readCallData({ json, isStreamed })
      const call = client.runAction<unknown, unknown>(action, data, { signal, key })
      const items = (progress?.follow(call) ?? call)[Symbol.asyncIterator]()
      let step = await items.next()
      while (!step.done) {
        progress?.clear()
        await printer.item(step.value)
        step = await items.next()
      }
      progress?.clear()
      await printer.result(step.value)
    } finally {
      progress?.clear()
      // Reading it would keep the process alive.
      if (isStreamed || json === '-') process.stdin.destroy()
    }
  })
}

/** Prints the flags that an action takes, as its server describes it. */
export async function showFlags(address: string, action: string, options: CallOptions): Promise<void> {
  await withClient(address, options, async (client, signal) => {
    const { input, description } = await listingOf(client, action, signal)
    const flags = flagsHelp(input) ?? '  none: its data is given as JSON\n'
    await print(
      `\nFlags of ${action} at ${address}:\n${description === undefined ? '' : `  ${description}\n\n`}${flags}`,
    )
  })
}

async function readFlags(
  client: Client,
  signal: AbortSignal,
  action: string,
  words: readonly string[],
  isStreamed: boolean,
): Promise<unknown> {
  if (isStreamed) throw usageFailure(`give either flags such as ${words[0]} or --stdin, not both`)
  const { input } = await listingOf(client, action, signal)
  return dataOfFlags(action, input, words)
}

/** @throws CommandFailure if the server lists no such action. */
async function listingOf(client: Client, action: string, signal: AbortSignal): Promise<ActionListing> {
  const json = await client.runAction<string | undefined>('isock.actions.json', action, { signal })
  if (json !== undefined) return JSON.parse(json) as ActionListing
  throw new CommandFailure(
    `the server lists no action "${action}": \`isock ls\` shows those that it has`,
    exitCodes.failed,
  )
}
