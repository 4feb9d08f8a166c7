// The file of a new store: readable for this user only, because hashed passwords and secret fields are in it. SQLite gives
// the files beside it the same mode.
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Makes the file where there is none, also in a directory that is missing and at the end of a link. One that is there keeps
 * its mode: its owner may have chosen it. Never rejects.
 */
export async function makePrivate(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await (await open(path, 'a', 0o600)).close()
  } catch {
    // It cannot be made or written: opening the store tells why.
  }
}
