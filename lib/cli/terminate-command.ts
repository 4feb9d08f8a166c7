// `isock terminate`: ends a server of `isock server` or `isock start`, optionally through one of its services.
import { Shutdown } from '../daemon/shutdown-action.ts'
import { Terminate } from '../features/services/service-actions.ts'
import { readCallData } from './call-data.ts'
import { type ConnectOptions, withClient } from './connect.ts'
import { usageFailure } from './failure.ts'
import { orFail } from './or-fail.ts'
import { print } from './output.ts'
import { promptToken } from './token-prompt.ts'

export interface TerminateCommandOptions extends ConnectOptions {
  readonly tokenPrompt?: boolean
  readonly service?: string
  readonly grace?: number
  readonly tls?: boolean
}

export async function terminate(
  host: string,
  port: number,
  json: string | undefined,
  options: TerminateCommandOptions,
): Promise<void> {
  await orFail(async () => {
    requireFitting(host, json, options)
    const token = options.tokenPrompt ? { token: await promptToken() } : {}
    await terminateAt(addressOf(host, port, options), json, { ...options, ...token })
  })
}

function addressOf(host: string, port: number, { tls, tlsCa, tlsCert, tlsKey }: TerminateCommandOptions): string {
  const isTls = tls || [tlsCa, tlsCert, tlsKey].some((file) => file !== undefined)
  return `${isTls ? 'tls' : 'tcp'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

async function terminateAt(address: string, json: string | undefined, options: TerminateCommandOptions): Promise<void> {
  const { service, grace } = options
  await withClient(address, options, async (client, signal, printer) => {
    if (service === undefined) {
      await client.runAction(Shutdown, grace === undefined ? undefined : { graceMs: grace }, { signal })
    } else {
      const args = await readCallData({ json, isStreamed: false })
      const call = client.runAction(Terminate.actionName, { service, args, shutdown: true }, { signal })
      for await (const response of call) await printer.item(response)
    }
    if (!options.json) await print(`terminated ${address}\n`)
  })
}

/** @throws CommandFailure, before anything is read or sent. */
function requireFitting(
  host: string,
  json: string | undefined,
  { service, grace, tokenPrompt }: TerminateCommandOptions,
): void {
  if (host.includes('/'))
    throw usageFailure(
      `give host and port as two arguments, without "://"; for TLS add --tls, or the files that it needs`,
    )
  if (service === undefined && json !== undefined)
    throw usageFailure('[json] is for the exit method of a service: name it with --service')
  if (service !== undefined && grace !== undefined)
    throw usageFailure('--grace cannot be combined with --service: the server then uses its own grace period')
  if (tokenPrompt && json === '-')
    throw usageFailure(
      "--token-prompt and '-' both read standard input; use --token-file, or give the JSON as an argument",
    )
}
