// What must be there before measuring: the peers' packages, and the library and the workers compiled.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const benchFolder = fileURLToPath(new URL('.', import.meta.url))
const root = join(benchFolder, '..')

interface Manifest {
  readonly version: string
  readonly dependencies: Readonly<Record<string, string>>
}

/** The versions of the peers, by package. */
export function peerVersions(): Readonly<Record<string, string>> {
  return manifestAt(benchFolder).dependencies
}

/** Installs what bench/package-lock.json says, unless it is there. */
export function installPeers(say: (text: string) => void): void {
  const isInstalled = Object.entries(peerVersions()).every(([name, version]) => {
    const folder = join(benchFolder, 'node_modules', name)
    return existsSync(folder) && manifestAt(folder).version === version
  })
  if (isInstalled) return
  say('installing the peers into bench/node_modules (npm ci in bench/)\n')
  requireDone('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], benchFolder)
}

/**
 * Compiles lib/ and bench/ to bench/dist/, so that a change of lib/ during the run changes nothing. Types are not
 * checked: `npm run types` does so, and `tsc -p bench/tsconfig.json --noEmit` where the peers are installed.
 */
export function compile(say: (text: string) => void): void {
  say('compiling to bench/dist\n')
  rmSync(join(benchFolder, 'dist'), { recursive: true, force: true })
  const tsc = join(root, 'node_modules', '@typescript', 'native', 'bin', 'tsc')
  requireDone(process.execPath, [tsc, '-p', join(benchFolder, 'tsconfig.json'), '--noCheck'], root)
}

function manifestAt(folder: string): Manifest {
  return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest
}

function requireDone(command: string, args: readonly string[], cwd: string): void {
  // Standard output is for the results.
  const { status } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] })
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed in ${cwd}`)
}
