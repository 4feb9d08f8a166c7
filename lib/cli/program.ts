// The command line: which commands there are, what they take, and their help. What they do is in files of their own,
// which are loaded when they are run, so that each starts fast.
import { readFileSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import type { CallOptions } from './call-command.ts'
import type { ConnectOptions } from './connect.ts'
import { exitCodes, exitCodesHelp } from './exit-codes.ts'
import type { PingOptions } from './ping-command.ts'
import type { ServeOptions } from './serve-command.ts'

const addressHelp = 'host:port, tcp://host:port, tls://host:port or unix:/path'

/** Runs the command that the arguments ask for. Never rejects: the outcome is the exit code of the process. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  try {
    await buildProgram().parseAsync(argv)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Commander has printed what there is to say.
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  }
}

function buildProgram(): Command {
  const program = new Command('isock')
    .description('Serves and runs isock actions.')
    .version(ownVersion(), '--version', 'print the version')
    .helpOption('--help', 'print this')
    .showSuggestionAfterError()
    .exitOverride()
    .addHelpText('after', exitCodesHelp)
  program.addCommand(serveCommand())
  program.addCommand(callCommand())
  program.addCommand(listCommand())
  program.addCommand(pingCommand())
  program.helpCommand(false)
  return program
}

function serveCommand(): Command {
  return command('serve', 'Serves the actions that modules export.')
    .argument('<modules...>', 'JavaScript or TypeScript modules: paths')
    .option('--host <host>', 'where to listen', '127.0.0.1')
    .option('--port <port>', 'the port; 0: any free one (default: 4440, or none with --path)', count(65_535))
    .option('--path <path>', 'listen at a Unix socket')
    .option('--tls-key <file>', 'the private key, as PEM: makes the port TLS')
    .option('--tls-cert <file>', 'the certificate, as PEM')
    .option('--tls-ca <file>', 'ask clients for a certificate that this authority has signed')
    .option('--token-file <file>', 'ask clients for the token in this file (or in ISOCK_TOKEN)')
    .option('--grace <ms>', 'how long running calls may take to finish on Ctrl-C', count(), 10_000)
    .addOption(
      new Option('--log-level <level>', 'what to log, as JSON lines on standard error')
        .choices(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
        .default('info'),
    )
    .addHelpText(
      'after',
      `
It registers every exported Action class that can be made without arguments, every exported Action instance, and the
leaves of an exported object called \`actions\`. TypeScript needs a Node that strips types, or tsx in your project.
Ctrl-C lets running calls finish; a second one does not.

Examples:
  isock serve actions.js
  isock serve --port 0 --token-file token.txt actions/*.ts
  isock serve --path /run/user/1000/app/isock.sock actions.js
`,
    )
    .action(async (modules: string[], options: ServeOptions) => {
      const { serve } = await import('./serve-command.ts')
      await serve(modules, options)
    })
}

function callCommand(): Command {
  return connecting(command('call', 'Runs an action and prints what it gives: items as they come, then the result.'))
    .argument('<address>', addressHelp)
    .argument('<action>', 'its wire name')
    .argument('[json]', "the data, as JSON; '-': read it from standard input")
    .option('--stdin', "each line of standard input is JSON: one item of the action's input stream")
    .addHelpText(
      'after',
      `
With --json, each line is { kind: "item" | "result" | "error", json, meta }: json and meta are superjson's, so that a Date
or a Map can be told from a text or an object; bytes are a list of base64 texts. Errors go to standard error.

Examples:
  isock call localhost:4440 Echo '"hi"'
  isock call localhost:4440 Count 10 --json
  isock call unix:/run/user/1000/app/isock.sock Import - < data.json
  seq 100 | isock call localhost:4440 Sum --stdin
${exitCodesHelp}`,
    )
    .action(async (address: string, action: string, json: string | undefined, options: CallOptions) => {
      const { callAction } = await import('./call-command.ts')
      await callAction(address, action, json, options)
    })
}

function listCommand(): Command {
  return connecting(command('ls', 'Lists the actions of a server.'))
    .argument('<address>', addressHelp)
    .addHelpText('after', '\nExamples:\n  isock ls localhost:4440\n  isock ls localhost:4440 --json\n')
    .action(async (address: string, options: ConnectOptions) => {
      const { listActions } = await import('./list-command.ts')
      await listActions(address, options)
    })
}

function pingCommand(): Command {
  return connecting(command('ping', 'Measures how long calls take, there and back.'))
    .argument('<address>', addressHelp)
    .option('--count <n>', 'how many calls', count(1_000_000, 1), 5)
    .addHelpText(
      'after',
      '\nExamples:\n  isock ping localhost:4440\n  isock ping tls://example.org:4440 --count 100 --json\n',
    )
    .action(async (address: string, options: PingOptions) => {
      const { ping } = await import('./ping-command.ts')
      await ping(address, options)
    })
}

/** The options of all commands that have a client. */
function connecting(base: Command): Command {
  return base
    .option('--json', 'print JSON lines')
    .option('--timeout <ms>', 'give up after this time, connecting included', count(2 ** 31 - 1, 1))
    .option('--retry <n>', 'how many faults a call outlives', count(1_000))
    .option('--token-file <file>', 'show the token in this file (or in ISOCK_TOKEN)')
    .option('--tls-ca <file>', 'trust this authority, for tls:// addresses')
    .option('--tls-cert <file>', 'show this certificate')
    .option('--tls-key <file>', 'its private key')
}

function command(name: string, description: string): Command {
  return new Command(name).description(description).helpOption('--help', 'print this').exitOverride()
}

/** Reads a whole number. */
function count(max = Number.MAX_SAFE_INTEGER, min = 0): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be a whole number from ${min}${max < 2 ** 32 ? ` to ${max}` : ''}.`)
  }
}

function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
