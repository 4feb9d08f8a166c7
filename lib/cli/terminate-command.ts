// `isock terminate`: ends a server that `isock server` or `isock start` runs, by way of one of its services if wished.
import { Shutdown } from '../daemon/shutdown-action.ts'
import { Terminate } from '../services/service-actions.ts'
import { readCallData } from './call-data.ts'
import { type ConnectOptions, withClient } from './connect.ts'
import { usageFailure } from './failure.ts'
import { print } from './printer.ts'
import { promptToken } from './token-prompt.ts'

export interface TerminateCommandOptions extends ConnectOptions {
  readonly tokenPrompt?: boolean
  readonly service?: string
  readonly grace?: number
}

export async function terminate(
  host: string,
  port: number,
  json: string | undefined,
  options: TerminateCommandOptions,
): Promise<void> {
  const { service, grace, tokenPrompt } = options
  const address = host.includes(':') ? `tcp://[${host}]:${port}` : `tcp://${host}:${port}`
  const token = tokenPrompt ? { token: await promptToken() } : {}
  await withClient(address, { ...options, ...token }, async (client, signal, printer) => {
    if (service === undefined) {
      if (json !== undefined) throw usageFailure('[json] is for the exit method of a service: name it with --service')
      await client.runAction(Shutdown, grace === undefined ? undefined : { graceMs: grace }, { signal })
    } else {
      const args = await readCallData({ json, isStreamed: false })
      const call = client.runAction(Terminate.actionName, { service, args, shutdown: true }, { signal })
      for await (const response of call) await printer.item(response)
    }
    if (!options.json) await print(`terminated ${address}\n`)
  })
}
