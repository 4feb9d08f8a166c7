// The definition of `isock call`: its arguments, options and help, and the flags that follow an action's name. Leaves its work to
// call-command.ts.
import type { Command } from 'commander'
import { nearestNames } from '../core/base/nearest-names.ts'
import { areFlags } from './action-flags.ts'
import type { CallOptions } from './call-command.ts'
import { addressHelp, connecting, rawOption } from './client-parts.ts'
import { command } from './command-parts.ts'
import { exitCodes, exitCodesHelp } from './exit-codes.ts'

interface CallCommandOptions extends CallOptions {
  readonly help?: boolean
}

export function callCommand(): Command {
  return (
    connecting(command('call', 'Runs an action and prints its items as they arrive, then its result.'))
      // The arguments are checked below: `--help` needs none, and after an action's name it shows the action's flags too.
      .helpOption(false)
      .option('-h, --help', "print this; after an action's name: its flags too")
      .allowUnknownOption()
      .usage('[options] <address> <action> [json]\n       isock call [options] <address> <action> --field value ...')
      .argument('[address]', addressHelp)
      .argument('[action]', 'its wire name')
      .argument('[json...]', "the data, as JSON; '-': read it from standard input")
      .addOption(rawOption())
      .option('--stdin', "each line of standard input is JSON: one item of the action's input stream")
      .option('--key <key>', 'an idempotency key: a call with the same key has the same answer, and one effect')
      .addHelpText('after', help)
      .action(async (address, action, words: string[], options: CallCommandOptions, self: Command) => {
        if (options.help) return showHelp(self, address, action, options)
        requireArguments(self, address, action, words)
        await (await import('./call-command.ts')).callAction(address, action, words, options)
      })
  )
}

const help = `
Where the action has a schema of an object, its fields may be given as flags: --seats 2, --seats=2, --urgent and --no-urgent for
booleans, --tag a --tag b for lists, JSON for all else. \`isock call <address> <action> --help\` lists them. A field that is
called as an option of this command comes after --, as in \`isock call localhost:4440 Book -- --timeout 5\`.

With --json, each line is { kind: "item" | "result" | "error", json, meta }: json and meta are superjson's, so that a Date
or a Map can be distinguished from a string or an object; bytes are a list of base64 strings. Errors go to standard error.

--credential and --metadata may be given several times. Credentials may also come from the environment, which other users cannot
read as they can a command line: ISOCK_CREDENTIALS='{"Login": {"user": "ada"}}'.

On a terminal, control characters from the server are shown as escapes (\\x1b) and take no effect: they could overwrite the
screen, or reverse the direction of the text. --raw lets them through. A pipe or a file gets texts unchanged. With --json they
are escaped as in JSON, so that the value is the same. Error messages are always escaped.

Of bytes, the number and the first ones are shown. --raw writes items and a result of bytes as they are, without line ends.

Examples:
  isock call localhost:4440 Echo '"hi"'
  isock call localhost:4440 Book --email ada@example.org --seats 2
  isock call localhost:4440 Count 10 --json
  isock call unix:/run/user/1000/app/isock.sock Import - < data.json
  isock call tls://example.org:4440 Pay 10 --credential Login=@login.json --metadata tenant=acme
  isock call localhost:4440 Download '"photo.jpg"' --raw > photo.jpg
  isock call localhost:4440 Order '{"item": 7}' --key order-17
  seq 100 | isock call localhost:4440 Sum --stdin
${exitCodesHelp}`

async function showHelp(
  self: Command,
  address: string | undefined,
  action: string | undefined,
  options: CallOptions,
): Promise<void> {
  self.outputHelp()
  if (address === undefined || action === undefined || areFlags([address]) || areFlags([action])) return
  await (await import('./call-command.ts')).showFlags(address, action, options)
}

/** Throws CommanderError, as for any wrong argument. */
function requireArguments(
  self: Command,
  address: string | undefined,
  action: string | undefined,
  words: readonly string[],
): void {
  const refuse = (message: string): never => self.error(`error: ${message}`, { exitCode: exitCodes.usage })
  // Only what follows the action's name is for the action.
  const tooMany = areFlags(words) ? [] : words.slice(1)
  const stray = [address, action, ...tooMany].find((word) => word !== undefined && areFlags([word]))
  if (stray !== undefined) refuse(`unknown option '${stray}'${hintFor(self, stray)}`)
  if (address === undefined) refuse("missing required argument 'address'")
  if (action === undefined) refuse("missing required argument 'action'")
  if (tooMany.length > 0) refuse(`too many arguments: give the data as one text of JSON, got also '${tooMany[0]}'`)
}

function hintFor(self: Command, flag: string): string {
  const known = self.options.map(({ long }) => long ?? '').filter(Boolean)
  const [near] = nearestNames(flag, known)
  return near === undefined ? '' : `\n(Did you mean ${near}?)`
}
