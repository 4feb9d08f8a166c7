// The command line: the commands with their arguments, options and help. Leaves their work to files of their own, which are
// loaded when a command runs, so that each starts fast.
import { Argument, type Command, CommanderError, Option } from 'commander'
import type { BenchOptions } from './bench-command.ts'
import { callCommand } from './call-program.ts'
import { addressHelp, connecting, rawOption } from './client-parts.ts'
import { clearTextOption, command, count, logLevelOption, withServerTls } from './command-parts.ts'
import { completionScript, type Shell, shells } from './completion-scripts.ts'
import { completionTable } from './completion-table.ts'
import type { ConnectOptions } from './connect.ts'
import { daemonCommands } from './daemon-program.ts'
import { dataCommand } from './data-program.ts'
import { exitCodes, exitCodesHelp } from './exit-codes.ts'
import { print } from './output.ts'
import type { PingOptions } from './ping-command.ts'
import type { ServeOptions } from './serve-command.ts'
import { serverCommands } from './server-program.ts'
import { sessionsCommands } from './sessions-program.ts'
import { tokenCommand } from './token-program.ts'
import { tracimCommand } from './tracim-program.ts'
import type { WatchOptions } from './watch-command.ts'

const defaultWebPort = 8080
/** How long running calls may take to finish when a file has changed. */
const watchedGraceMs = 1_000

/** Runs the command that the arguments ask for. Never rejects: the outcome is the exit code of the process. */
export async function runProgram(argv: readonly string[]): Promise<void> {
  try {
    await buildProgram().parseAsync(argv)
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    // Commander has already printed the message.
    process.exitCode = error.exitCode === 0 ? exitCodes.done : exitCodes.usage
  }
}

function buildProgram(): Command {
  const program = command('isock', 'Serves and runs isock actions.')
    .showSuggestionAfterError()
    .addHelpText('after', exitCodesHelp)
  program.addCommand(serveCommand())
  program.addCommand(callCommand())
  program.addCommand(listCommand())
  program.addCommand(watchCommand())
  program.addCommand(pingCommand())
  program.addCommand(benchCommand())
  const others = [tokenCommand(), dataCommand(), tracimCommand(), completionCommand()]
  for (const each of [...sessionsCommands(), ...daemonCommands(), ...serverCommands(), ...others])
    program.addCommand(each)
  program.helpCommand(false)
  return program
}

function serveCommand(): Command {
  const base = command('serve', 'Serves the actions that modules export.')
    .argument('<modules...>', 'JavaScript or TypeScript modules: paths')
    .option('--host <host>', 'the host to listen at', '127.0.0.1')
    .option('--port <port>', 'the port; 0: any free one (default: 4440, or none with --path)', count(65_535))
    .option('--path <path>', 'listen at a Unix socket, instead of the port or in addition to it')
    .addOption(
      new Option('--web [port]', 'open a port for HTTP and browsers too (default: 8080); give it after the modules')
        .argParser(count(65_535))
        .preset(String(defaultWebPort)),
    )
    .addOption(new Option('--watched').hideHelp())
    .option('--watch', 'restart when a file in the directories of the modules changes')
  return withServerTls(base)
    .option('--token-file <file>', 'ask clients for the token in this file (or in ISOCK_TOKEN)')
    .addOption(clearTextOption('accept the token without TLS from other machines too'))
    .option('--grace <ms>', 'how long running calls may take to finish on Ctrl-C', count(2 ** 31 - 1), 10_000)
    .addOption(logLevelOption('what to log, as JSON lines on standard error'))
    .addHelpText(
      'after',
      `
It registers every exported Action class that can be constructed without arguments, every exported Action instance, and the
leaves of an exported object called \`actions\`. An exported object called \`data\`, such as { url: 'file:app.db' }, sets where the
exported models are stored. TypeScript needs a Node that strips types, or tsx in your project.
Channels, services, tasks and guards are not served: it names those that a module exports. Services are served by \`isock start\`.
Ctrl-C lets running calls finish; a second one ends it immediately.

--web serves clients at ws://localhost:8080/isock, and actions by HTTP:
  curl localhost:8080/actions/Echo -H 'content-type: application/json' -d '"hi"'
It answers requests to localhost only; for other host names, use listenWeb in a program. --watch is for development: clients reconnect, and
calls that run longer than a second after a change end, unless --grace says otherwise.

Examples:
  isock serve actions.js
  isock serve actions.ts --watch --web
  isock serve --port 0 --token-file token.txt actions/*.ts
  isock serve --path /run/user/1000/app/isock.sock actions.js
`,
    )
    .action(async (modules: string[], options: ServeOptions, self: Command) => {
      const { serve } = await import('./serve-command.ts')
      const isGraceGiven = self.getOptionValueSource('grace') !== 'default'
      await serve(modules, options.watch && !isGraceGiven ? { ...options, grace: watchedGraceMs } : options)
    })
}

function listCommand(): Command {
  return connecting(command('ls', 'Lists what a server offers: actions, channels, services and processes.'))
    .argument('<address>', addressHelp)
    .addHelpText('after', '\nExamples:\n  isock ls localhost:4440\n  isock ls localhost:4440 --json\n')
    .action(async (address: string, options: ConnectOptions) => {
      const { list } = await import('./list-command.ts')
      await list(address, options)
    })
}

function watchCommand(): Command {
  return connecting(command('watch', 'Subscribes to a channel, and prints its messages until Ctrl-C.'))
    .argument('<address>', addressHelp)
    .argument('<channel>', 'its wire name')
    .option('--key <key>', 'the room; default: the one without a key')
    .addOption(new Option('--since <place>', 'begin with the messages that the channel keeps').choices(['oldest']))
    .option('--count <n>', 'end after this many messages', count(Number.MAX_SAFE_INTEGER, 1))
    .addOption(rawOption())
    .addHelpText(
      'after',
      `
It continues when the connection is lost, or the server restarts, from where it was; standard error says when messages may be
missing. --timeout is for the first connection, and --retry then limits attempts to continue (default: none). --json and --raw
are those of \`isock call\`.

Examples:
  isock watch localhost:4440 News
  isock watch localhost:4440 Chat --key room-7 --since oldest
  isock watch localhost:4440 News --count 1 --json
${exitCodesHelp}`,
    )
    .action(async (address: string, channel: string, options: WatchOptions) => {
      await (await import('./watch-command.ts')).watch(address, channel, options)
    })
}

function pingCommand(): Command {
  return connecting(command('ping', 'Measures the round trip of calls.'))
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

function benchCommand(): Command {
  return connecting(command('bench', 'Measures how many calls of an action a server handles, and how long they take.'))
    .argument('<address>', addressHelp)
    .argument('<action>', 'its wire name')
    .argument('[json]', "the data of each call, as JSON; '-': read it from standard input")
    .option('--in-flight <n>', 'concurrent calls on each link', count(65_536, 1), 64)
    .option('--links <n>', 'connections, each with a session of its own', count(10_000, 1), 1)
    .option('--duration <ms>', 'how long calls are started (default: 5000)', count(2 ** 31 - 1, 1))
    .option('--calls <n>', 'how many calls, instead of --duration', count(Number.MAX_SAFE_INTEGER, 1))
    .option(
      '--rate <n>',
      'start this many calls a second, instead of one whenever another returns',
      count(10_000_000, 1),
    )
    .addHelpText(
      'after',
      `
One call runs first: if it fails, the error is reported as by \`isock call\`. With --rate, a call's time counts from when it was
due, so that a server that stalls for a while shows in the times of all calls that had to wait; at most --in-flight calls on
each of --links run concurrently. If calls failed, the exit code is theirs. A load affects other users of the server: begin
with few calls.

Examples:
  isock bench localhost:4440 Echo '"hi"'
  isock bench localhost:4440 Echo '"hi"' --in-flight 1 --calls 10000
  isock bench localhost:4440 Search '"tea"' --rate 2000 --duration 30000 --json
  isock bench unix:/run/user/1000/app/isock.sock isock.ping --links 64 --in-flight 8
${exitCodesHelp}`,
    )
    .action(async (address: string, action: string, json: string | undefined, options: BenchOptions) => {
      const { bench } = await import('./bench-command.ts')
      await bench(address, action, json, options)
    })
}

function completionCommand(): Command {
  return command('completion', 'Prints a script that lets a shell complete the commands of isock.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .addHelpText(
      'after',
      `
Examples:
  source <(isock completion bash)                # in ~/.bashrc
  source <(isock completion zsh)                 # in ~/.zshrc, after compinit
  isock completion fish > ~/.config/fish/completions/isock.fish
`,
    )
    .action(async (shell: Shell, _options: unknown, self: Command) => {
      await print(completionScript(shell, completionTable(self.parent as Command)))
    })
}
