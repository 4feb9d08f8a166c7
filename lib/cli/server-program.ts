// The commands for a server of services in the foreground, and `isock version`.
import type { Command } from 'commander'
import { maxTimeMs } from '../daemon/bounds.ts'
import { clearTextOption, command, count, logLevelOption, ownVersion, withServerTls } from './command-parts.ts'
import { exitCodesHelp } from './exit-codes.ts'
import { print } from './output.ts'
import type { ServerCommandOptions } from './server-command.ts'
import type { TerminateCommandOptions } from './terminate-command.ts'

export function serverCommands(): Command[] {
  return [serverCommand(), terminateCommand(), versionCommand()]
}

function serverCommand(): Command {
  const base = command('server', 'Serves the services that modules bring; a client initializes them.')
    .argument('<host>', 'where to listen')
    .argument('<port>', '0: any free one', count(65_535))
    .argument('[modules...]', 'JavaScript or TypeScript modules: paths')
    .option(
      '--init-file <file>',
      'a module to load before the others, whose services are initialized before the first client',
    )
    .option(
      '--token-prompt',
      'ask for the token that clients have to show; without a terminal: a line of standard input',
    )
    .option('--token-file <file>', 'ask clients for the token in this file (or in ISOCK_TOKEN)')
    .addOption(clearTextOption('take the token without TLS from other machines too'))
  return withServerTls(base)
    .option('--log-file <file>', 'log there, and rotate it, instead of to standard error')
    .addOption(logLevelOption('what to log, as JSON lines'))
    .option('--grace <ms>', 'how long running calls may take to finish', count(maxTimeMs), 10_000)
    .addHelpText(
      'after',
      `
Exported Service classes and instances wait for a client's initialize(); exported actions are served too, and an
exported function setup(server) is called. An exported object called \`data\` says where exported models are kept.

The services of --init-file are initialized before it listens. What their init gets is an export of that file, such as
\`initArgs = { Counter: 1000 }\`; it may name services of the other modules too. An init that throws ends the command.

\`isock terminate\` ends it, if it asks for a token: whoever shows that may. Without a token every client may, where <host>
is localhost or another loopback address, and no client where it is not. Ctrl-C and SIGTERM end it too; a second one does
not let running calls finish. All ends keep to --grace, unless \`isock terminate --grace\` says another.

Examples:
  isock server localhost 4440 --init-file counter.js
  isock server 0.0.0.0 4440 --token-prompt --tls-key key.pem --tls-cert cert.pem counter.js
`,
    )
    .action(async (host: string, at: number, modules: string[], options: ServerCommandOptions) => {
      await (await import('./server-command.ts')).serveServices(host, at, modules, options)
    })
}

function terminateCommand(): Command {
  return command('terminate', 'Ends a server that `isock server` or `isock start` runs.')
    .argument('<host>', 'its name or IP address')
    .argument('<port>', 'its port', count(65_535, 1))
    .argument('[json]', "with --service: what its exit method gets, as JSON; '-': read it from standard input")
    .option('--service <name>', 'run the exit method of this service first, and print what it responds')
    .option('--grace <ms>', "how long running calls may take to finish (default: the server's own)", count(maxTimeMs))
    .option('--token-prompt', 'ask for the token; without a terminal: the first line of standard input')
    .option('--token-file <file>', 'show the token in this file (or in ISOCK_TOKEN)')
    .addOption(clearTextOption('show the token without TLS to another machine too'))
    .option('--tls', 'reach it over TLS; the three options below say so too')
    .option('--tls-ca <file>', 'trust this authority')
    .option('--tls-cert <file>', 'show this certificate')
    .option('--tls-key <file>', 'its private key')
    .option('--timeout <ms>', 'give up after this time, connecting included', count(2 ** 31 - 1, 1))
    .option('--json', 'print JSON lines')
    .addHelpText(
      'after',
      `
A server that asks for a token is ended by whoever shows it. Without a token, \`isock server\` may be ended by its clients
if it listens at a loopback address; a daemon of \`isock start\` may not: use \`isock stop\`, as
for one that listens at a Unix socket only.

With --service, the same clients may end it, but not through a service that a module added with \`allowShutdown: false\`.
A daemon without a token is ended only through one that was added with \`allowShutdown: true\`. Where it may not be ended,
the exit method does not run either. The server keeps to its own grace then, so --grace does not go with --service; nor
does '-' with --token-prompt, as both read standard input.

Examples:
  isock terminate localhost 4440
  isock terminate localhost 4440 --service Counter
  isock terminate example.org 4440 --tls-ca ca.pem --token-prompt
${exitCodesHelp}`,
    )
    .action(async (host: string, at: number, json: string | undefined, options: TerminateCommandOptions) => {
      await (await import('./terminate-command.ts')).terminate(host, at, json, options)
    })
}

function versionCommand(): Command {
  return command('version', 'Prints the version.').action(() => print(`${ownVersion()}\n`))
}
