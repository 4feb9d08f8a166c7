// A daemon that one script starts, another one uses, and the command line stops: each in a process of its own.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

// Daemons of examples are not to meet those of their user.
const stateDir = mkdtempSync(join(tmpdir(), 'isock-example-'))
const run = (file: string, ...args: string[]): void => {
  const script = fileURLToPath(new URL(file, import.meta.url))
  const command = ['--import', import.meta.resolve('tsx'), script, ...args]
  const env = { ...process.env, ISOCK_STATE_DIR: stateDir }
  execFileSync(process.execPath, command, { stdio: 'inherit', env, timeout: 30_000 })
}

// As installed, the command is `isock`.
const isock = '../../lib/cli/main.ts'

try {
  run('start.ts')
  run('use.ts')
  run(isock, 'status')
} finally {
  run(isock, 'stop', '--all')
  rmSync(stateDir, { recursive: true })
}
