// The command for a daemon that hands on the live messages of Tracim: `isock tracim`.
import type { Command } from 'commander'
import { maxTimeMs } from '../daemon/bounds.ts'
import { command, count, logLevelOption } from './command-parts.ts'
import { exitCodesHelp } from './exit-codes.ts'
import type { TracimCommandOptions } from './tracim-command.ts'

export function tracimCommand(): Command {
  return command('tracim', 'Hands the live messages of a Tracim server to programs on this machine.')
    .argument('[folder]', 'where TracimDaemon/config.json is (default: $XDG_CONFIG_HOME, or ~/.config)')
    .option('--check', 'read the configuration file, print what it says without the password, and end')
    .option('--socket <path>', 'listen at this Unix socket, instead of the one of the file')
    .option('--ping-interval <ms>', 'how long clients have to answer a ping', count(maxTimeMs, 1), 60_000)
    .option('--json', 'print JSON lines, also for errors')
    .addOption(logLevelOption('what to log, as JSON lines on standard error'))
    .addHelpText(
      'after',
      `
It reads TracimDaemon/config.json, which nobody else may read, logs in, and serves clients of TracimDaemon's protocol at the socket,
in any language. A file that is missing is written with empty fields: fill it in, and start again.

  {
    "tracim": {
      "url": "https://tracim.example/api",
      "username": "ada",
      "mail": "",
      "password": "..."
    },
    "socket_path": "TracimDaemon/master.sock"
  }

With --json, standard output has { kind: "listening", socketPath, userId, file, pid } when clients can come, and { kind: "closed" } at the
end; with --check, { kind: "configuration", file, url, username, mail, socketPath }. An error is { kind: "error", message, code } on
standard error. Ctrl-C and SIGTERM end it, and remove the socket; a second one ends it at once.

Examples:
  isock tracim
  isock tracim --check --json
  isock tracim ./config --log-level debug
  isock tracim --socket /run/user/1000/tracim/master.sock --json
${exitCodesHelp}`,
    )
    .action(async (folder: string | undefined, options: TracimCommandOptions) => {
      await (await import('./tracim-command.ts')).runTracimDaemon(folder, options)
    })
}
