// The shared parts of the command definitions: the start of each, and the parsing of numbers and levels.
import { readFileSync } from 'node:fs'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'

/** A command with `--help` and `--version`, which every command has. */
export function command(name: string, description: string): Command {
  const made = new Command(name)
  return made
    .configureOutput({ outputError: (text, write) => write(`${text}See: isock${pathOf(made)} --help\n`) })
    .description(description)
    .helpOption('-h, --help', 'print this')
    .option('-V, --version', 'print the version')
    .on('option:version', () => {
      process.stdout.write(`${ownVersion()}\n`)
      throw new CommanderError(0, 'commander.version', 'the version')
    })
    .exitOverride()
}

/** The names of the commands that lead to this one, without the first. */
function pathOf(made: Command): string {
  return made.parent === null ? '' : `${pathOf(made.parent)} ${made.name()}`
}

/** Adds the options that make a command's port TLS. */
export function withServerTls(base: Command): Command {
  return base
    .option('--tls-key <file>', 'the private key, as PEM: makes the port TLS')
    .option('--tls-cert <file>', 'the certificate, as PEM')
    .option('--tls-ca <file>', 'ask clients for a certificate that this authority has signed')
    .option('--no-tls-watch', 'do not read these files again when they change')
}

/** For commands that ask for a token, and for those that present one. */
export function clearTextOption(description: string): Option {
  return new Option('--allow-clear-text-token', description)
}

/** Adds what a client presents to guards, and sends beside its calls. Leaves reading it to named-values.ts, whose errors quote no secret. */
export function withNamedValues(base: Command): Command {
  const all = (text: string, former: readonly string[] = []): readonly string[] => [...former, text]
  return base
    .option('--credential <NAME=JSON>', 'present this to the guard of that name; NAME=@file: JSON in a file', all)
    .option('--metadata <key=value>', 'send this text beside the data of each call', all)
}

/** Parses a whole number. */
export function count(max = Number.MAX_SAFE_INTEGER, min = 0): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN
    if (value >= min && value <= max) return value
    throw new InvalidArgumentError(`It must be a whole number from ${min}${max < 2 ** 32 ? ` to ${max}` : ''}.`)
  }
}

export function logLevelOption(description: string): Option {
  const option = new Option('--log-level <level>', description)
    .choices(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
    .default('info')
  const choose = option.parseArg
  // Python's logging and others write them in capitals.
  return option.argParser((value: string, previous: unknown) => choose?.(value.toLowerCase(), previous))
}

export function ownVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
