// The commands for a server of services in the foreground, and `isock version`.
import { type Command, InvalidArgumentError } from 'commander'
import { command, count, logLevelOption, ownVersion } from './command-parts.ts'
import { exitCodesHelp } from './exit-codes.ts'
import { print } from './printer.ts'
import type { ServerCommandOptions } from './server-command.ts'
import type { TerminateCommandOptions } from './terminate-command.ts'

export function serverCommands(): Command[] {
  return [serverCommand(), terminateCommand(), versionCommand()]
}

function serverCommand(): Command {
  return command('server', 'Serves the services that modules bring; a client initializes them.')
    .argument('<host>', 'where to listen')
    .argument('<port>', '0: any free one', port)
    .argument('[modules...]', 'JavaScript or TypeScript modules: paths')
    .option('--init-file <file>', 'a module to load before the others')
    .option('--token-prompt', 'ask for the token that clients have to show')
    .option('--token-file <file>', 'ask clients for the token in this file (or in ISOCK_TOKEN)')
    .option('--log-file <file>', 'log there, and rotate it, instead of to standard error')
    .addOption(logLevelOption('what to log, as JSON lines'))
    .option('--grace <ms>', 'how long running calls may take to finish', count(), 10_000)
    .addHelpText(
      'after',
      `
Exported Service classes and instances wait for a client's initialize(); exported actions are served too, and an
exported function setup(server) is called. \`isock terminate\` ends it: with the token, or from this machine where there
is none. Ctrl-C lets running calls finish; a second one does not.

Examples:
  isock server localhost 4440 --init-file counter.js
  isock server 0.0.0.0 4440 --token-prompt counter.js
`,
    )
    .action(async (host: string, at: number, modules: string[], options: ServerCommandOptions) => {
      await (await import('./server-command.ts')).serveServices(host, at, modules, options)
    })
}

function terminateCommand(): Command {
  return command('terminate', 'Ends a server that `isock server` or `isock start` runs.')
    .argument('<host>')
    .argument('<port>', 'its port', port)
    .argument('[json]', "with --service: what its exit method gets, as JSON; '-': read it from standard input")
    .option('--service <name>', 'run the exit method of this service first, and print what it responds')
    .option('--grace <ms>', 'how long running calls may take to finish', count())
    .option('--token-prompt', 'ask for the token')
    .option('--token-file <file>', 'show the token in this file (or in ISOCK_TOKEN)')
    .option('--timeout <ms>', 'give up after this time, connecting included', count(2 ** 31 - 1, 1))
    .option('--json', 'print JSON lines')
    .addHelpText(
      'after',
      `\nExamples:\n  isock terminate localhost 4440\n  isock terminate localhost 4440 --service Counter\n${exitCodesHelp}`,
    )
    .action(async (host: string, at: number, json: string | undefined, options: TerminateCommandOptions) => {
      await (await import('./terminate-command.ts')).terminate(host, at, json, options)
    })
}

function versionCommand(): Command {
  return command('version', 'Prints the version.').action(() => print(`${ownVersion()}\n`))
}

function port(text: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65_535) return Number(text)
  throw new InvalidArgumentError('It must be a port: a whole number from 0 to 65535.')
}
