// The commands for daemons: what they take, and their help. What they do is in daemon-commands.ts.
import type { Command } from 'commander'
import { maxTimeMs } from '../daemon/bounds.ts'
import { clearTextOption, command, count, logLevelOption, withServerTls } from './command-parts.ts'
import type { LogsOptions, NamesOptions, StartOptions, StatusOptions, StopOptions } from './daemon-commands.ts'

const placeHelp = `
Daemons of a user are found by their names. Their state is in $ISOCK_STATE_DIR, else in isock/ under $XDG_STATE_HOME or
~/.local/state.`
const stateHelp = `${placeHelp} Without a name, "default" is meant.
`

export function daemonCommands(): Command[] {
  return [startCommand(), stopCommand(), restartCommand(), statusCommand(), logsCommand()]
}

function startCommand(): Command {
  const base = command('start', 'Starts a daemon that serves what modules export.')
    .argument('<modules...>', 'JavaScript or TypeScript modules: paths')
    .option('--name <name>', 'one daemon runs of each name', 'default')
    .option('--host <host>', 'where to listen', '127.0.0.1')
    .option('--port <port>', 'the port; 0: any free one (default: 0, or none with --path)', count(65_535))
    .option('--path <path>', 'listen at a Unix socket, instead of the port or beside it')
  return withServerTls(base)
    .option('--token-file <file>', 'ask clients for the token in this file (or in ISOCK_TOKEN)')
    .addOption(clearTextOption('take the token without TLS from other machines too'))
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
It registers what \`isock serve\` does, exported services, and calls an exported function setup(server); an exported object
called \`data\`, such as { url: 'file:app.db' }, says where the exported models are kept. It says when the daemon listens,
or why it does not; then the daemon goes on when this command and its terminal have ended. Ctrl-C before that ends both.
The files of TLS and of the token are read again at each restart.
What the init of the services of --init-file gets is its export, such as \`initArgs = { Counter: 1000 }\`, which may name
services of the other modules too. It runs again at each restart.
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
    .option('--all', 'all that run')
    .option('--grace <ms>', 'how long running calls may take to finish', count(maxTimeMs))
    .addHelpText('after', stateHelp)
    .action(async (names: string[], options: StopOptions) => {
      await (await import('./daemon-commands.ts')).stop(names, options)
    })
}

function restartCommand(): Command {
  return command('restart', 'Replaces the processes of daemons, without a failed call.')
    .argument('[names...]')
    .option('--all', 'all that run or crashed')
    .addHelpText(
      'after',
      `
A new process loads the modules anew and goes on with the listening sockets; the old one finishes its calls. When the
new one does not start, the old one goes on. The new one reads the files of TLS and of the token anew. A daemon that
crashed is started again as it was, but at another port if it was started with any free one, and it does not end with the
process that it was to end with. If its token came from ISOCK_TOKEN, that has to be set again.
${stateHelp}`,
    )
    .action(async (names: string[], options: NamesOptions) => {
      await (await import('./daemon-commands.ts')).restart(names, options)
    })
}

function statusCommand(): Command {
  return command('status', 'Shows how daemons are: those that are named, or all.')
    .argument('[names...]')
    .option('--json', 'print a JSON line for each')
    .addHelpText(
      'after',
      `\nWith names, the exit code is 3 where one of them does not run: one that is "starting" does not listen yet. One that cannot be asked is "unknown"; standard error says why.\n${placeHelp}\n`,
    )
    .action(async (names: string[], options: StatusOptions) => {
      await (await import('./daemon-commands.ts')).status(names, options)
    })
}

function logsCommand(): Command {
  return command('logs', 'Prints the logs of daemons: JSON lines.')
    .argument('[names...]')
    .option('--all', 'of all daemons')
    .option('-f, --follow', 'go on with what is logged from now on')
    .option('--lines <n>', 'how many of the last lines come first', count(100_000), 100)
    .addHelpText(
      'after',
      `\nWhere there are several, each line begins with the name of its daemon. Of one that was started with --log-file and has
stopped, nothing is printed: read that file.\n${stateHelp}`,
    )
    .action(async (names: string[], options: LogsOptions) => {
      await (await import('./daemon-commands.ts')).logs(names, options)
    })
}
