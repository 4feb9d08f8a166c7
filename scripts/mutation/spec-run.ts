// Runs specs in a copy of the project, up to the first one that fails, within a time limit.
import { spawn } from 'node:child_process'
import { once } from 'node:events'

/** hung: the time limit was over. broken: mocha could not run them, as it does where a module throws when it is loaded. */
export type SpecResult =
  | { readonly how: 'passed'; readonly count: number }
  | { readonly how: 'failed'; readonly spec: string }
  | { readonly how: 'hung' | 'broken' | 'stopped' }

export interface SpecRunOptions {
  readonly cwd: string
  /** Patterns of spec files. */
  readonly specs: readonly string[]
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly env?: Readonly<Record<string, string>>
  /** One that writes TAP. */
  readonly reporter?: string
  /** Not only up to the first that fails. */
  readonly isWhole?: boolean
}

/** For one spec that sets no limit of its own: a machine may be loaded. */
const specLimitMs = 20_000

/** All specs run. A fault that the longest see is nearly always seen in their first rounds. */
const shortRuns = { ISOCK_SEEDS: '300', ISOCK_FUZZ_RUNS: '3000', ISOCK_KILLS: '3', ISOCK_BYTE_STEP: '7' }

const mocha = [
  'node_modules/mocha/bin/mocha.js',
  '--no-config',
  '--node-option=import=tsx',
  '--require=./scripts/mocha-esm.mjs',
  '--require=./spec/setup/hooks.ts',
]

export async function runSpecs(options: SpecRunOptions): Promise<SpecResult> {
  const { cwd, specs, timeoutMs, signal, env, reporter = 'tap', isWhole = false } = options
  if (signal.aborted) return { how: 'stopped' }
  const how = [
    `--timeout=${Math.min(timeoutMs, specLimitMs)}`,
    `--reporter=${reporter}`,
    ...(isWhole ? [] : ['--bail']),
  ]
  // In a group of its own, so that what the specs start ends with them.
  const child = spawn(process.execPath, [...mocha, ...how, ...specs], {
    cwd,
    detached: true,
    stdio: ['ignore', 'pipe', 'ignore'],
    env: { ...shortRuns, ...process.env, ISOCK_SPECS_SIZE: 'all', FORCE_COLOR: '0', ...env },
  })
  const end = (): void => {
    try {
      process.kill(-(child.pid as number), 'SIGKILL')
    } catch {
      // It has ended.
    }
  }
  let isHung = false
  const timer = setTimeout(() => {
    isHung = true
    end()
  }, timeoutMs)
  signal.addEventListener('abort', end, { once: true })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  const [code] = (await once(child, 'close')) as [number | null]
  clearTimeout(timer)
  signal.removeEventListener('abort', end)
  end()
  if (signal.aborted) return { how: 'stopped' }
  if (isHung) return { how: 'hung' }
  return readTap(output, code)
}

/** What mocha's TAP reporter said. */
export function readTap(output: string, code: number | null): SpecResult {
  const failed = /^not ok \d+ (.*)$/m.exec(output)?.[1]
  if (failed !== undefined) return { how: 'failed', spec: failed }
  const count = [...output.matchAll(/^ok \d+ /gm)].length
  return code === 0 && count > 0 ? { how: 'passed', count } : { how: 'broken' }
}
