// The definition of `isock tracim`, a daemon that forwards the live messages of Tracim.
import type { Command } from 'commander'
import { maxTimeMs } from '../daemon/bounds.ts'
import { command, count, logLevelOption } from './command-parts.ts'
import { exitCodesHelp } from './exit-codes.ts'
import type { TracimCommandOptions } from './tracim-command.ts'

export function tracimCommand(): Command {
  return command('tracim', 'Forwards the live messages of a Tracim server to programs on this machine.')
    .argument('[folder]', 'the folder of TracimDaemon/config.json (default: $XDG_CONFIG_HOME, or ~/.config)')
    .option('--check', 'read the configuration file, print it without the password, and exit')
    .option('--socket <path>', 'listen at this Unix socket, instead of the one in the file')
    .option('--ping-interval <ms>', 'how long clients have to answer a ping', count(maxTimeMs, 1), 60_000)
    .option('--json', 'print JSON lines, also for errors')
    .addOption(logLevelOption('what to log, as JSON lines on standard error'))
    .addHelpText(
      'after',
      `
It reads TracimDaemon/config.json, which must be private to you, logs in, and serves clients of TracimDaemon's protocol at the
socket, in any language. A missing file is created with empty fields: fill it in, and start again.

  {
    "tracim": {
      "url": "https://tracim.example/api",
      "username": "ada",
      "mail": "",
      "password": "..."
    },
    "socket_path": "TracimDaemon/master.sock"
  }

With --json, standard output has { kind: "listening", socketPath, userId, file, pid } when clients can connect, and { kind: "closed" }
at the end; with --check, { kind: "configuration", file, url, username, mail, socketPath }. An error is { kind: "error", message, code }
on standard error. Ctrl-C and SIGTERM end it, and remove the socket; a second one ends it immediately.

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
