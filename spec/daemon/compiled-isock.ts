// isock compiled, with the modules of these specs beside it: processes then start in a quarter of the time that the
// compiling loader needs.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { packageImports } from '../setup/package-imports.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export type DaemonLibrary = typeof import('isock/daemon')

export class CompiledIsock {
  readonly library: DaemonLibrary
  readonly #folder: string

  private constructor(folder: string, library: DaemonLibrary) {
    this.#folder = folder
    this.library = library
  }

  static async make(): Promise<CompiledIsock> {
    // Inside of the project, so that it finds the packages that it needs.
    mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true })
    const folder = mkdtempSync(join(root, 'node_modules', '.cache', 'isock-daemon-'))
    const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc')
    // Types are checked elsewhere.
    const flags = ['--noCheck', '--declaration', 'false', '--declarationMap', 'false', '--sourceMap', 'false']
    execFileSync(process.execPath, [tsc, '-p', 'tsconfig.build.json', ...flags, '--outDir', join(folder, 'dist')], {
      cwd: root,
    })
    const exports = { '.': './dist/index.js', './daemon': './dist/daemon.js', './data': './dist/data.js' }
    writeFileSync(
      join(folder, 'package.json'),
      JSON.stringify({ name: 'isock', version: '1.2.3', type: 'module', exports, imports: packageImports }),
    )
    cpSync(join(root, 'spec', 'daemon', 'modules'), join(folder, 'modules'), { recursive: true })
    const library = (await import(pathToFileURL(join(folder, 'dist', 'daemon.js')).href)) as DaemonLibrary
    return new CompiledIsock(folder, library)
  }

  /** The path of one of the modules beside this file. */
  module(name: string): string {
    return join(this.#folder, 'modules', `${name}.mjs`)
  }

  get command(): string {
    return join(this.#folder, 'dist', 'cli', 'main.js')
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, maxRetries: 20 })
  }
}
