// Reads secrets from files that nobody else can read.
import { closeSync, fstatSync, openSync, readFileSync } from 'node:fs'
import { ClientError } from '../base/errors.ts'

const maxSecretBytes = 64 * 1024

/** Reads a secret. @throws ClientError (`INVALID_OPTION`) if it is missing, too large, or readable by group or others. */
export function readSecretFile(path: string): string {
  let file: number
  try {
    file = openSync(path, 'r')
  } catch (cause) {
    throw new ClientError(`cannot read the secret file ${path}: ${(cause as Error).message}`, {
      code: 'INVALID_OPTION',
      cause,
    })
  }
  try {
    // Checked on the open file, so that it cannot be replaced between the check and the read.
    const status = fstatSync(file)
    if (process.platform !== 'win32' && (status.mode & 0o077) !== 0) {
      throw new ClientError(`the secret file ${path} can be read by others; run: chmod 600 ${path}`, {
        code: 'INVALID_OPTION',
      })
    }
    if (status.size > maxSecretBytes)
      throw new ClientError(`the secret file ${path} is too large`, { code: 'INVALID_OPTION' })
    return readFileSync(file, 'utf8')
  } finally {
    closeSync(file)
  }
}
