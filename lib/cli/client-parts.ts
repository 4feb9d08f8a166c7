// The shared parts of the commands that have a client: their options, and the help of addresses.
import { type Command, Option } from 'commander'
import { clearTextOption, count, withNamedValues } from './command-parts.ts'

export const addressHelp =
  'host:port, tcp://host:port, tls://host:port, unix:/path, ws://host:port or wss://host:port/path'

export function rawOption(): Option {
  return new Option('--raw', 'write bytes as they are, and texts unchanged on a terminal too').conflicts('json')
}

/** The options of all commands that have a client. */
export function connecting(base: Command): Command {
  return withNamedValues(base)
    .option('--json', 'print JSON lines')
    .option('--timeout <ms>', 'give up after this time, connecting included', count(2 ** 31 - 1, 1))
    .option('--retry <n>', 'how often a call is retried after a fault', count(1_000))
    .option('--token-file <file>', 'present the token in this file (or in ISOCK_TOKEN)')
    .addOption(clearTextOption('present the token without TLS to another machine too'))
    .option('--tls-ca <file>', 'trust this authority, for tls:// addresses')
    .option('--tls-cert <file>', 'present this certificate')
    .option('--tls-key <file>', 'its private key')
}
