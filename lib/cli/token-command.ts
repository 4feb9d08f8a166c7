// `isock token`: creates a token, and prints it or writes it to a file that only its owner can read.
import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { createToken } from '../core/server/create-token.ts'
import { exitCodes } from './exit-codes.ts'
import { CommandFailure, usageFailure } from './failure.ts'
import { orFail } from './or-fail.ts'
import { print, printJson } from './output.ts'

export interface TokenCommandOptions {
  readonly file?: string
  readonly force?: boolean
  readonly json?: boolean
}

export async function makeToken({ file, force = false, json = false }: TokenCommandOptions): Promise<void> {
  await orFail(async () => {
    if (force && file === undefined) throw usageFailure('--force needs --file')
    if (file === '') throw usageFailure('--file: expected a path, got an empty string')
    const token = createToken()
    if (file === undefined) return json ? printJson({ token }) : print(`${token}\n`)
    write(file, token, force)
    await (json ? printJson({ file }) : print(`wrote a new token to ${file}\n`))
  })
}

function write(path: string, token: string, isForced: boolean): void {
  // Atomic: a server that reads the file meanwhile gets the former token or this one.
  const aside = isForced ? `${path}.${randomBytes(6).toString('hex')}` : path
  try {
    writeFileSync(aside, `${token}\n`, { mode: 0o600, flag: 'wx' })
    if (isForced) renameSync(aside, path)
  } catch (cause) {
    if (isForced) rmSync(aside, { force: true })
    else if ((cause as NodeJS.ErrnoException).code === 'EEXIST')
      throw new CommandFailure(`--file: ${path} already exists; --force replaces it`, exitCodes.failed)
    throw new CommandFailure(`--file: cannot write ${path}: ${(cause as Error).message}`, exitCodes.failed, cause)
  }
}
