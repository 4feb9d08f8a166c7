// The file of a new store: readable for this user only, because hashed passwords and secret fields are in it. SQLite gives
// the files beside it the same mode.
import { open } from 'node:fs/promises'

/** Makes the file where there is none. One that is there keeps its mode: its owner may have chosen it. Never rejects. */
export async function makePrivate(path: string): Promise<void> {
  try {
    await (await open(path, 'wx', 0o600)).close()
  } catch {
    // It is there, or cannot be made: opening the store tells why.
  }
}
