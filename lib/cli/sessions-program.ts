// The definitions of `isock sessions` and `isock answers`.
import type { Command } from 'commander'
import { addressHelp, connecting } from './client-parts.ts'
import { command, count } from './command-parts.ts'
import { exitCodesHelp } from './exit-codes.ts'
import type { AnswersOptions, SessionsOptions } from './sessions-command.ts'

/** Sessions, or calls, that are listed at most, unless the user says otherwise. */
const defaultMost = 1_000
const most = 1_000_000

const whoMay = `The clients that may end a server with \`isock terminate\` may see its sessions: of \`isock server\` and \`isock start\` those that
present its token, and without one those of an \`isock server\` that listens at a loopback address. A program of your own chooses:
inspection({ requires: 'operator' }). Values and secrets are not shown.`

export function sessionsCommands(): Command[] {
  return [sessionsCommand(), answersCommand()]
}

function sessionsCommand(): Command {
  return connecting(command('sessions', 'Lists the sessions of its clients that a server and its store keep.'))
    .argument('<address>', addressHelp)
    .option('--limit <n>', 'at most this many', count(most, 1), defaultMost)
    .option('--after <session>', 'begin behind the sessions whose ids begin with these digits')
    .addHelpText(
      'after',
      `
PLACE     connected, away: this server has it, with or without a link; elsewhere: another server of the store has it; stored: no
          running server has it, and it continues when its client comes back
NODE      the server process that has a recorded session; '-': it is not recorded, and ends with its server
ANSWERS   answers that are kept: of a recorded session those in the store, else those in memory; SIZE: their bytes

${whoMay}

Examples:
  isock sessions localhost:4440
  isock sessions localhost:4440 --json --limit 100000
  isock sessions tls://example.org:4440 --token-file token.txt
${exitCodesHelp}`,
    )
    .action(async (address: string, options: SessionsOptions) => {
      await (await import('./sessions-command.ts')).listSessions(address, options)
    })
}

function answersCommand(): Command {
  return connecting(command('answers', 'Lists the calls of one session that run, or whose answers are kept.'))
    .argument('<address>', addressHelp)
    .argument('<session>', 'its id, or the first 8 to 32 digits, as `isock sessions` prints them')
    .option('--limit <n>', 'at most this many', count(most, 1), defaultMost)
    .option('--after <slot>', 'begin behind this slot', count())
    .addHelpText(
      'after',
      `
STATE     started: it has no answer yet; answered; unknown: its run was cut in the middle, or its answer had to make room
OUTCOME   value, error, or not started: it was refused
SIZE      of the answer and its items; 0: there is none, or its client has it and it was dropped
AGE       since the server got the call, or since the store recorded its start or answer

${whoMay}

Examples:
  isock answers localhost:4440 0123456789abcdef
  isock answers localhost:4440 0123456789abcdef --json
${exitCodesHelp}`,
    )
    .action(async (address: string, session: string, options: AnswersOptions) => {
      await (await import('./sessions-command.ts')).listAnswers(address, session, options)
    })
}
