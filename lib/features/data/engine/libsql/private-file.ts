// The file of a new store: readable by this user only, because it contains hashed passwords and secret fields. SQLite gives
// the files beside it the same mode.
import { mkdir, open } from 'node:fs/promises'
import { dirname } from 'node:path'

/**
 * Creates the file if it is missing, also in a missing directory and at the end of a link. An existing file keeps
 * its mode: its owner may have chosen it. Never rejects.
 */
export async function makePrivate(path: string): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true })
    await (await open(path, 'a', 0o600)).close()
  } catch {
    // It cannot be created or written: opening the store reports why.
  }
}
