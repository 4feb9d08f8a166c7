// The definitions of the commands for a server of services in the foreground, and of `isock version`.
import type { Command } from 'commander'
import { maxTimeMs } from '../daemon/bounds.ts'
import {
  clearTextOption,
  command,
  count,
  logLevelOption,
  ownVersion,
  withNamedValues,
  withServerTls,
} from './command-parts.ts'
import { exitCodesHelp } from './exit-codes.ts'
import { print } from './output.ts'
import type { ServerCommandOptions } from './server-command.ts'
import type { TerminateCommandOptions } from './terminate-command.ts'

export function serverCommands(): Command[] {
  return [serverCommand(), terminateCommand(), versionCommand()]
}

function serverCommand(): Command {
  const base = command('server', 'Serves the services that modules export; a client initializes them.')
    .argument('<host>', 'the host to listen at')
    .argument('<port>', '0: any free one', count(65_535))
    .argument('[modules...]', 'JavaScript or TypeScript modules: paths')
    .option(
      '--init-file <file>',
      'a module to load before the others, whose services are initialized before the first client',
    )
    .option(
      '--token-prompt',
      'prompt for the token that clients must present; without a terminal: read a line of standard input',
    )
    .option('--token-file <file>', 'ask clients for the token in this file (or in ISOCK_TOKEN)')
    .addOption(clearTextOption('accept the token without TLS from other machines too'))
  return withServerTls(base)
    .option('--log-file <file>', 'log to this file, and rotate it, instead of to standard error')
    .addOption(logLevelOption('what to log, as JSON lines'))
    .option('--grace <ms>', 'how long running calls may take to finish', count(maxTimeMs), 10_000)
    .addHelpText(
      'after',
      `
Exported Service classes and instances wait for a client's initialize(); exported actions are served too, and an
exported function setup(server) is called. An exported object called \`data\` sets where exported models are stored.

The services of --init-file are initialized before it listens. Their init gets arguments from an export of that file, such as
\`initArgs = { Counter: 1000 }\`; it may name services of the other modules too. An init that throws ends the command.

\`isock terminate\` ends it. With a token, every client that presents it may do so. Without a token, every client may if <host>
is localhost or another loopback address, otherwise none. Ctrl-C and SIGTERM end it too; a second one ends it immediately.
All of them respect --grace, unless \`isock terminate --grace\` sets another.

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
  return withNamedValues(command('terminate', 'Ends a server that was started with `isock server` or `isock start`.'))
    .argument('<host>', 'its name or IP address')
    .argument('<port>', 'its port', count(65_535, 1))
    .argument('[json]', "with --service: the arguments of its exit method, as JSON; '-': read them from standard input")
    .option('--service <name>', 'run the exit method of this service first, and print its responses')
    .option('--key <key>', 'with --service: the key of a durable service; default: the state without a key')
    .option('--grace <ms>', "how long running calls may take to finish (default: the server's own)", count(maxTimeMs))
    .option('--token-prompt', 'prompt for the token; without a terminal: read the first line of standard input')
    .option('--token-file <file>', 'present the token in this file (or in ISOCK_TOKEN)')
    .addOption(clearTextOption('present the token without TLS to another machine too'))
    .option('--tls', 'connect over TLS; implied by the three options below')
    .option('--tls-ca <file>', 'trust this authority')
    .option('--tls-cert <file>', 'present this certificate')
    .option('--tls-key <file>', 'its private key')
    .option('--timeout <ms>', 'give up after this time, connecting included', count(2 ** 31 - 1, 1))
    .option('--json', 'print JSON lines')
    .addHelpText(
      'after',
      `
Clients that present the token may end a server that asks for one. Without a token, clients may end \`isock server\` if it
listens at a loopback address, but not a daemon of \`isock start\`: use \`isock stop\`, as for one that listens only at a Unix
socket.

With --service, the same clients may end it, but not through a service that a module added with \`allowShutdown: false\`.
A daemon without a token can be ended only through one that was added with \`allowShutdown: true\`. If it may not be ended, the
exit method does not run either. The server then uses its own grace period, so --grace cannot be combined with --service; nor
'-' with --token-prompt, because both read standard input.

Examples:
  isock terminate localhost 4440
  isock terminate localhost 4440 --service Counter
  isock terminate localhost 4440 --service Cart --key ann
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
