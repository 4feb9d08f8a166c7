// Watches the directories of some modules, and those below, for changes of source files. Leaves out node_modules and what begins
// with a dot: they are large, and do not change while a program is written.
import { type FSWatcher, readdirSync, watch } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { clearTimeout, setTimeout } from '../core/base/platform-timers.ts'

/** An editor, or git, changes several files within this time. */
const settleMs = 100
const maxDirectories = 1_000
const isSource = /^[^.].*\.(?:[cm]?[jt]sx?|json)$/

export class ChangeWatcher {
  readonly #roots: readonly string[]
  readonly #watchers = new Map<string, FSWatcher>()
  #changed: string | undefined
  #timer: ReturnType<typeof setTimeout> | undefined
  #onChange: ((path: string) => void) | undefined

  /** Watches until `close`. Directories that are made later are watched from the next change on. */
  constructor(modules: readonly string[]) {
    this.#roots = [...new Set(modules.map((path) => dirname(resolve(path))))]
    this.#watchAll()
  }

  /** Settles with the path of a changed file when no further one has changed for a moment. One caller at a time. */
  next(): Promise<string> {
    return new Promise((resolve) => {
      this.#onChange = resolve
      this.#settle()
    })
  }

  /** A pending `next` never settles. */
  close(): void {
    clearTimeout(this.#timer)
    for (const watcher of this.#watchers.values()) watcher.close()
    this.#watchers.clear()
    this.#onChange = undefined
  }

  #watchAll(): void {
    for (const root of this.#roots) for (const directory of directoriesFrom(root)) this.#watch(directory)
  }

  #watch(directory: string): void {
    if (this.#watchers.has(directory) || this.#watchers.size >= maxDirectories) return
    try {
      const watcher = watch(directory, (_event, name) => this.#note(directory, name))
      const forget = (): void => {
        watcher.close()
        this.#watchers.delete(directory)
      }
      // It was removed.
      watcher.on('error', forget)
      this.#watchers.set(directory, watcher)
    } catch {
      // It was removed since it was listed.
    }
  }

  #note(directory: string, name: string | null): void {
    if (name === null || !isSource.test(name)) return
    this.#changed = relative(process.cwd(), join(directory, name))
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#settle()
    }, settleMs)
  }

  #settle(): void {
    if (this.#changed === undefined || this.#onChange === undefined || this.#timer !== undefined) return
    const [path, onChange] = [this.#changed, this.#onChange]
    this.#changed = undefined
    this.#onChange = undefined
    this.#watchAll()
    onChange(path)
  }
}

/** A directory and those below it, the nearest first. */
function directoriesFrom(root: string): string[] {
  const found = [root]
  for (let index = 0; index < found.length && found.length < maxDirectories; index++) {
    const directory = found[index] as string
    for (const entry of entriesOf(directory))
      if (entry.isDirectory() && entry.name !== 'node_modules' && !entry.name.startsWith('.'))
        found.push(join(directory, entry.name))
  }
  return found
}

function entriesOf(directory: string) {
  try {
    return readdirSync(directory, { withFileTypes: true })
  } catch {
    return []
  }
}
