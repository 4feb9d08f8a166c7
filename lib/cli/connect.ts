// The client of one command: created from the options that all commands share, and closed when the command is done.
import { readFileSync } from 'node:fs'
import type { ClientOptions } from '../core/client/client-options.ts'
import { Client } from '../facade/client.ts'
import { exitCodes } from './exit-codes.ts'
import { CommandFailure, debugText, exitCodeOf, messageOf, usageFailure } from './failure.ts'
import { Interruption } from './interruption.ts'
import { credentialsOf, metadataOf } from './named-values.ts'
import { print } from './output.ts'
import { HumanPrinter, JsonPrinter, type Printer } from './printer.ts'

export interface ConnectOptions {
  readonly json?: boolean
  /** Writes bytes as they are, and lets control characters in texts reach a terminal. */
  readonly raw?: boolean
  readonly timeout?: number
  readonly retry?: number
  readonly tokenFile?: string
  /** Sends the token without TLS to another machine too. */
  readonly allowClearTextToken?: boolean
  /** From a prompt, because it must not be on a command line. */
  readonly token?: string
  /** `NAME=JSON` or `NAME=@file`, for guards. */
  readonly credential?: readonly string[]
  /** `key=value`. */
  readonly metadata?: readonly string[]
  readonly tlsCa?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
}

/** Runs with one client; see {@link withClients}. */
export async function withClient(
  address: string,
  options: ConnectOptions,
  run: (client: Client, signal: AbortSignal, printer: Printer) => Promise<void>,
): Promise<void> {
  await withClients(address, options, 1, ([client], signal, printer) => run(client as Client, signal, printer))
}

/**
 * Runs with this number of clients, and closes them. The signal aborts on Ctrl-C, and when the reader of the output leaves.
 * An error is printed and sets the exit code of the process.
 */
export async function withClients(
  address: string,
  options: ConnectOptions,
  count: number,
  run: (clients: readonly Client[], signal: AbortSignal, printer: Printer) => Promise<void>,
): Promise<void> {
  const printer = options.json ? new JsonPrinter() : new HumanPrinter(options.raw)
  const interruption = new Interruption()
  const clients: Client[] = []
  try {
    const clientOptions = clientOptionsOf(options)
    for (let i = 0; i < count; i++) clients.push(new Client(address, clientOptions))
    await run(clients, interruption.signal, printer)
  } catch (error) {
    const wasConnected = clients.some(({ sessionId }) => sessionId !== '')
    process.exitCode = interruption.exitCode ?? exitCodeOf(error, wasConnected)
    if (interruption.exitCode === undefined) await report(error, process.exitCode, printer)
  } finally {
    interruption.close()
    await Promise.all(clients.map((client) => client.close()))
  }
}

async function report(error: unknown, exitCode: number, printer: Printer): Promise<void> {
  await print(debugText(error), process.stderr)
  const isOwn = error instanceof CommandFailure || exitCode !== exitCodes.failed
  if (isOwn && printer instanceof HumanPrinter) await print(`isock: ${messageOf(error)}\n`, process.stderr)
  else await printer.error(error)
}

/** @throws CommandFailure for a file that cannot be read, and for text that is no credential or metadata. */
export function clientOptionsOf({
  timeout,
  retry,
  token,
  tokenFile,
  allowClearTextToken,
  credential = [],
  metadata = [],
  tlsCa,
  tlsCert,
  tlsKey,
}: ConnectOptions): ClientOptions {
  const credentials = credentialsOf(credential, process.env)
  const tls = {
    ...(tlsCa === undefined ? {} : { ca: readOptionFile('--tls-ca', tlsCa) }),
    ...(tlsCert === undefined ? {} : { cert: readOptionFile('--tls-cert', tlsCert) }),
    ...(tlsKey === undefined ? {} : { key: readOptionFile('--tls-key', tlsKey) }),
  }
  return {
    ...(Object.keys(tls).length === 0 ? {} : { tls }),
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(retry === undefined ? {} : { retry }),
    ...(tokenFile === undefined ? {} : { tokenFile }),
    ...(token === undefined ? {} : { token }),
    ...(credentials.length === 0 ? {} : { credentials }),
    ...(metadata.length === 0 ? {} : { metadata: metadataOf(metadata) }),
    ...(allowClearTextToken === undefined ? {} : { allowClearTextToken }),
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
