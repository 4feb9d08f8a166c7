// A copy of the project in which faults are planted, one at a time. The project itself is never changed.
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { type Fault, withFault } from './faults.ts'

/** Of the project, what no spec needs, and what is too large to copy. */
const leftOut: ReadonlySet<string> = new Set(['.git', '.mutants', 'coverage', 'docs', 'node_modules', 'soak-results'])
const home = '.mutants'

export class Workspace {
  readonly path: string
  readonly #root: string

  constructor(root: string, name: string) {
    this.#root = root
    this.path = join(root, home, name)
    mkdirSync(this.path, { recursive: true })
    for (const entry of readdirSync(root))
      if (!leftOut.has(entry)) cpSync(join(root, entry), join(this.path, entry), { recursive: true })
    for (const entry of ['node_modules', 'docs'])
      if (existsSync(join(root, entry))) symlinkSync(join(root, entry), join(this.path, entry))
  }

  /** In the copy as it is, which has no other fault. Gives back what takes it out again. */
  plant(fault: Fault): () => void {
    const file = join(this.path, fault.file)
    const source = readFileSync(file, 'utf8')
    if (source.slice(fault.start, fault.end) !== fault.from) throw new Error(`${fault.file} was changed meanwhile`)
    writeFileSync(file, withFault(source, fault))
    return () => writeFileSync(file, source)
  }

  close(): void {
    rmSync(this.path, { recursive: true, force: true })
    try {
      rmdirSync(join(this.#root, home))
    } catch {
      // Another run is at work.
    }
  }
}
