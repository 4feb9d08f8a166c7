// The prompt for a token: on a terminal, without an echo; elsewhere, the first line of standard input.
import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'
import { usageFailure } from './failure.ts'
import { print } from './output.ts'

/** @throws CommandFailure when the input ends first. */
export async function promptToken(): Promise<string> {
  const { isTTY: isTerminal } = process.stdin
  if (isTerminal) await print('token: ', process.stderr)
  // readline echoes into its output, so that is discarded.
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: process.stdin, output: nowhere, terminal: isTerminal })
  try {
    const line = await new Promise<string | undefined>((resolve) => {
      lines.once('line', resolve).once('close', () => resolve(undefined))
    })
    if (line === undefined || line.trim() === '') throw usageFailure('--token-prompt: no token was given')
    return line.trim()
  } finally {
    lines.close()
    process.stdin.pause()
    if (isTerminal) await print('\n', process.stderr)
  }
}
