// Runs the specs under c8. They import lib/*.ts through tsx, whose source maps lead the figures back to the TypeScript.
import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const c8 = fileURLToPath(new URL('../node_modules/c8/bin/c8.js', import.meta.url))
const mocha = fileURLToPath(new URL('../node_modules/mocha/bin/mocha.js', import.meta.url))

const what = ['--all', '--src', 'lib', '--include', 'lib/**/*.ts', '--reporter', 'text', '--reporter', 'html']
const command = [c8, ...what, '--reporter', 'lcovonly', process.execPath, mocha, ...process.argv.slice(2)]
const { status } = spawnSync(process.execPath, command, { cwd: root, stdio: 'inherit' })
process.exitCode = status ?? 1
