// The definition of the command that creates tokens. Leaves its work to token-command.ts.
import type { Command } from 'commander'
import { command } from './command-parts.ts'
import type { TokenCommandOptions } from './token-command.ts'

export function tokenCommand(): Command {
  return command('token', 'Creates a random token that a server asks its clients for.')
    .option('--file <file>', 'write it to this file, readable by you only, instead of printing it')
    .option('--force', 'replace the file if it exists')
    .option('--json', 'print a JSON line: { "token" }, or { "file" } with --file')
    .addHelpText(
      'after',
      `
It has 256 random bits, as 43 letters, digits, dashes and underscores. Pass the file to servers and clients, with --token-file
or the option tokenFile; both reject a file that others can read. With --force, running servers keep the former token until
they are restarted.

Examples:
  isock token --file token.txt
  isock start actions.js --token-file token.txt
  isock call localhost:4440 Echo '"hi"' --token-file token.txt
  ISOCK_TOKEN=$(isock token) isock start actions.js
`,
    )
    .action(async (options: TokenCommandOptions) => {
      await (await import('./token-command.ts')).makeToken(options)
    })
}
