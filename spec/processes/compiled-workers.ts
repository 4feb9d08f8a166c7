// The programs of these specs, compiled: hundreds of them are started, and each would load the compiler anew.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { packageImports } from '../setup/package-imports.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

export class CompiledWorkers {
  readonly #folder: string

  constructor() {
    // Inside of the project, so that they find the packages that they need.
    mkdirSync(join(root, 'node_modules', '.cache'), { recursive: true })
    this.#folder = mkdtempSync(join(root, 'node_modules', '.cache', 'isock-workers-'))
    const config = join(this.#folder, 'tsconfig.json')
    const compilerOptions = {
      noEmit: false,
      rootDir: root,
      outDir: 'dist',
      types: ['node'],
      typeRoots: [join(root, 'node_modules', '@types')],
      paths: {},
    }
    const include = ['lib', 'spec/processes/*-*.ts', 'spec/processes/counter.ts'].map((path) => join(root, path))
    writeFileSync(
      config,
      JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions, include, exclude: [] }),
    )
    writeFileSync(join(this.#folder, 'package.json'), JSON.stringify({ type: 'module', imports: packageImports }))
    const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc')
    // Types are checked elsewhere.
    execFileSync(process.execPath, [tsc, '-p', config, '--noCheck'], { cwd: root })
  }

  /** The path of a program, by the name of its source. */
  path(source: string): string {
    return join(this.#folder, 'dist', 'spec', 'processes', source.replace(/\.ts$/, '.js'))
  }

  close(): void {
    rmSync(this.#folder, { recursive: true })
  }
}
