// The definitions of the commands for daemons: arguments, options and help. Leaves their work to daemon-commands.ts.
import type { Command } from 'commander'
import { maxTimeMs } from '../daemon/bounds.ts'
import { clearTextOption, command, count, logLevelOption, withServerTls } from './command-parts.ts'
import type { LogsOptions, NamesOptions, StartOptions, StatusOptions, StopOptions } from './daemon-commands.ts'

const placeHelp = `
A user's daemons are found by name. Their state is in $ISOCK_STATE_DIR, else in isock/ under $XDG_STATE_HOME or
~/.local/state.`
const stateHelp = `${placeHelp} The default name is "default".
`

export function daemonCommands(): Command[] {
  return [startCommand(), stopCommand(), restartCommand(), statusCommand(), logsCommand()]
}

function startCommand(): Command {
  const base = command('start', 'Starts a daemon that serves what modules export.')
    .argument('<modules...>', 'JavaScript or TypeScript modules: paths')
    .option('--name <name>', 'only one daemon runs under each name', 'default')
    .option('--host <host>', 'the host to listen at', '127.0.0.1')
    .option('--port <port>', 'the port; 0: any free one (default: 0, or none with --path)', count(65_535))
    .option('--path <path>', 'listen at a Unix socket, instead of the port or in addition to it')
  return withServerTls(base)
    .option('--token-file <file>', 'ask clients for the token in this file (or in ISOCK_TOKEN)')
    .addOption(clearTextOption('accept the token without TLS from other machines too'))
    .option(
      '--init-file <file>',
      'a module to load before the others, whose services are initialized before it listens',
    )
    .option('--log-file <file>', "default: daemon.log in the daemon's directory")
    .addOption(logLevelOption('what to log'))
    .option('--grace <ms>', 'how long running calls may take to finish when it is stopped', count(maxTimeMs), 10_000)
    .addHelpText(
      'after',
      `
It registers what \`isock serve\` does and exported services, and calls an exported function setup(server); an exported object
called \`data\`, such as { url: 'file:app.db' }, sets where the exported models are stored. It reports when the daemon listens,
or why it does not; then the daemon continues when this command and its terminal have ended. Ctrl-C before that ends both.
The TLS files and the token file are read again at each restart.
The init of the services of --init-file gets arguments from its export \`initArgs\`, such as \`initArgs = { Counter: 1000 }\`, which
may name services of the other modules too. It runs again at each restart.
${stateHelp}
Examples:
  isock start actions.js
  isock start --name app --port 4440 --token-file token.txt actions/*.ts
  isock start --host 0.0.0.0 --port 4440 --tls-key key.pem --tls-cert cert.pem --token-file token.txt actions.js
`,
    )
    .action(async (modules: string[], options: StartOptions) => {
      await (await import('./daemon-commands.ts')).start(modules, options)
    })
}

function stopCommand(): Command {
  return command('stop', 'Stops daemons: running calls may finish.')
    .argument('[names...]')
    .option('--all', 'all running daemons')
    .option('--grace <ms>', 'how long running calls may take to finish', count(maxTimeMs))
    .addHelpText('after', stateHelp)
    .action(async (names: string[], options: StopOptions) => {
      await (await import('./daemon-commands.ts')).stop(names, options)
    })
}

function restartCommand(): Command {
  return command('restart', 'Replaces the processes of daemons, without a failed call.')
    .argument('[names...]')
    .option('--all', 'all daemons that run or crashed')
    .addHelpText(
      'after',
      `
A new process loads the modules again and takes over the listening sockets; the old one finishes its calls. If the new
one does not start, the old one continues. The new one reads the TLS files and the token file again. A crashed daemon is
started again with its former options, but at another port if it was started with any free one, and it no longer ends
together with the process that started it. If its token came from ISOCK_TOKEN, that must be set again.
${stateHelp}`,
    )
    .action(async (names: string[], options: NamesOptions) => {
      await (await import('./daemon-commands.ts')).restart(names, options)
    })
}

function statusCommand(): Command {
  return command('status', 'Shows the status of daemons: the named ones, or all.')
    .argument('[names...]')
    .option('--json', 'print a JSON line for each')
    .addHelpText(
      'after',
      `\nWith names, the exit code is 3 if one of them is not running: one that is "starting" does not listen yet. The state is "unknown" if a daemon cannot be asked; standard error has the reason.\n${placeHelp}\n`,
    )
    .action(async (names: string[], options: StatusOptions) => {
      await (await import('./daemon-commands.ts')).status(names, options)
    })
}

function logsCommand(): Command {
  return command('logs', 'Prints the logs of daemons: JSON lines.')
    .argument('[names...]')
    .option('--all', 'the logs of all daemons')
    .option('-f, --follow', 'continue with new lines')
    .option('--lines <n>', 'how many of the last lines to begin with', count(100_000), 100)
    .addHelpText(
      'after',
      `\nWith several daemons, each line begins with the name of its daemon. Nothing is printed for a stopped daemon that was started
      with --log-file: read that file.\n${stateHelp}`,
    )
    .action(async (names: string[], options: LogsOptions) => {
      await (await import('./daemon-commands.ts')).logs(names, options)
    })
}
