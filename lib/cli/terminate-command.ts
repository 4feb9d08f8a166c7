// `isock terminate`: ends a server of `isock server` or `isock start`, optionally through one of its services.
import { Shutdown } from '../daemon/shutdown-action.ts'
import type { Client } from '../facade/client.ts'
import { DurableTerminate, Terminate } from '../features/services/service-actions.ts'
import { readCallData } from './call-data.ts'
import { type ConnectOptions, withClient } from './connect.ts'
import { usageFailure } from './failure.ts'
import { othersOf } from './list-command.ts'
import { orFail } from './or-fail.ts'
import { print } from './output.ts'
import { promptToken } from './token-prompt.ts'

export interface TerminateCommandOptions extends ConnectOptions {
  readonly tokenPrompt?: boolean
  readonly service?: string
  readonly key?: string
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
  const { service, key, grace } = options
  await withClient(address, options, async (client, signal, printer) => {
    if (service === undefined) {
      await client.runAction(Shutdown, grace === undefined ? undefined : { graceMs: grace }, { signal })
    } else {
      const args = await readCallData({ json, isStreamed: false })
      const action = (await isDurable(client, service, signal)) ? DurableTerminate : Terminate.actionName
      const request = { service, args, shutdown: true, ...(key === undefined ? {} : { key }) }
      const call = client.runAction(action as string, request, { signal })
      for await (const response of call) await printer.item(response)
    }
    if (!options.json) await print(`terminated ${address}\n`)
  })
}

/** A durable service has actions of its own: the server lists which ones are. */
async function isDurable(client: Client, service: string, signal: AbortSignal): Promise<boolean> {
  const listed = await othersOf(client, signal)
  return listed.some(({ kind, name, phase }) => kind === 'service' && name === service && phase === 'durable')
}

/** @throws CommandFailure, before anything is read or sent. */
function requireFitting(
  host: string,
  json: string | undefined,
  { service, key, grace, tokenPrompt }: TerminateCommandOptions,
): void {
  if (host.includes('/'))
    throw usageFailure(
      `give host and port as two arguments, without "://"; for TLS add --tls, or the files that it needs`,
    )
  if (service === undefined && json !== undefined)
    throw usageFailure('[json] is for the exit method of a service: name it with --service')
  if (service === undefined && key !== undefined)
    throw usageFailure('--key is that of a durable service: name the service with --service')
  if (service !== undefined && grace !== undefined)
    throw usageFailure('--grace cannot be combined with --service: the server then uses its own grace period')
  if (tokenPrompt && json === '-')
    throw usageFailure(
      "--token-prompt and '-' both read standard input; use --token-file, or give the JSON as an argument",
    )
}
