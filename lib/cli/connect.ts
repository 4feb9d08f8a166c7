// A client for one command: made from the options that all commands share, and closed when the command is done.
import { readFileSync } from 'node:fs'
import { Client } from '../client/client.ts'
import type { ClientOptions } from '../client/client-options.ts'
import { exitCodeOf, usageFailure } from './failure.ts'

export interface ConnectOptions {
  readonly timeout?: number
  readonly retry?: number
  readonly tokenFile?: string
  readonly tlsCa?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
}

/** Runs with a client, and closes it. Gives the exit code of what `run` throws to `onError`. */
export async function withClient(
  address: string,
  options: ConnectOptions,
  run: (client: Client) => Promise<void>,
): Promise<void> {
  const client = new Client(address, clientOptions(options))
  try {
    await run(client)
  } catch (error) {
    throw new FailedCommand(error, client)
  } finally {
    await client.close()
  }
}

/** An error of a command that had a client, with the exit code that it asks for. */
export class FailedCommand extends Error {
  readonly exitCode: ReturnType<typeof exitCodeOf>

  constructor(cause: unknown, client: Client) {
    super('the command failed', { cause })
    this.exitCode = exitCodeOf(cause, client.sessionId !== '')
  }
}

function clientOptions({ timeout, retry, tokenFile, tlsCa, tlsCert, tlsKey }: ConnectOptions): ClientOptions {
  const tls = {
    ...(tlsCa === undefined ? {} : { ca: readOptionFile('--tls-ca', tlsCa) }),
    ...(tlsCert === undefined ? {} : { cert: readOptionFile('--tls-cert', tlsCert) }),
    ...(tlsKey === undefined ? {} : { key: readOptionFile('--tls-key', tlsKey) }),
  }
  return {
    name: 'isock',
    tls,
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(retry === undefined ? {} : { retry }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
  }
}

/** @throws CommandFailure that names the option. */
export function readOptionFile(option: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    throw usageFailure(`${option}: cannot read ${path}: ${(error as Error).message}`, error)
  }
}
