// Checks types: of this repository, then of the package as programs see it, in the projects of spec/consumers, with the lowest
// supported compiler, the one before the newest, and the newest. `--update` writes what the newest says of the slips.
import { spawn } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { rewriteDeclarations } from './declarations.mjs'

const root = fileURLToPath(new URL('..', import.meta.url))
const modules = join(root, 'node_modules')
const consumers = join(root, 'spec', 'consumers')
const compilers = {
  lowest: join(modules, 'typescript-5.6', 'bin', 'tsc'),
  former: join(modules, 'typescript', 'bin', 'tsc'),
  newest: join(modules, '@typescript', 'native', 'bin', 'tsc'),
}
const slips = join(consumers, 'slips', 'messages.txt')

/** Each in a folder of its own, with what it builds: two compilers work at a time. */
const checks = [
  ['lowest', '-b', 'app'],
  ['newest', '-b', 'app'],
  ['lowest', '-p', 'page'],
  ['former', '-p', 'page'],
  ['lowest', '-p', 'old'],
  ['newest', '-p', 'page'],
  ['newest', '-p', 'page-condition'],
]

const work = mkdtempSync(join(tmpdir(), 'isock-types-'))
try {
  await own('tsconfig.json')
  await own('examples/chat/page')
  const packages = join(work, 'node_modules')
  const types = join(packages, 'isock', 'dist')
  await run(
    'the declarations',
    compilers.newest,
    ['-p', 'tsconfig.build.json', '--emitDeclarationOnly', '--outDir', types],
    root,
  )
  rewriteDeclarations(types)
  cpSync(join(root, 'package.json'), join(packages, 'isock', 'package.json'))
  for (const each of ['@types', '@standard-schema', 'undici-types', 'zod'])
    symlinkSync(join(modules, each), join(packages, each))
  const waiting = [...checks]
  const worker = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await check(...next)
  }
  await Promise.all([worker(), worker()])
  await checkSlips()
} finally {
  rmSync(work, { recursive: true, force: true })
}

function own(project) {
  return run(project, compilers.newest, ['-p', project], root)
}

async function check(compiler, how, project) {
  const folder = consumerFolder(`${compiler}-${project}`)
  await run(`${project}, ${compiler}`, compilers[compiler], [how, project], folder)
}

/** A copy of the projects below their packages, `isock` among them. */
function consumerFolder(name) {
  const folder = join(work, name)
  cpSync(consumers, folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }')
  return folder
}

/** What the newest compiler says of the slips, without the place. */
async function checkSlips() {
  const { text } = await compile(compilers.newest, ['-p', 'slips', '--pretty', 'false'], consumerFolder('slips'))
  const said = text.replace(/^slips\/slips\.ts\((\d+),\d+\): error /gm, (_, line) => `${sourceLine(Number(line))}\n  `)
  if (process.argv.includes('--update')) writeFileSync(slips, said)
  const wanted = readFileSync(slips, 'utf8')
  if (said !== wanted) fail(`the messages for the commonest slips changed; with --update they are kept:\n${said}`)
}

function sourceLine(number) {
  return readFileSync(join(consumers, 'slips', 'slips.ts'), 'utf8')
    .split('\n')
    [number - 1].trim()
}

async function run(what, compiler, args, cwd) {
  const { status, text } = await compile(compiler, args, cwd)
  if (status !== 0) fail(`${what}:\n${text}`)
}

function compile(compiler, args, cwd) {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [compiler, ...args], { cwd, stdio: ['ignore', 'pipe', 'inherit'] })
    let text = ''
    child.stdout.on('data', (chunk) => {
      text += chunk
    })
    child.once('error', reject)
    child.once('close', (status) => resolve({ status, text }))
  })
}

function fail(reason) {
  console.error(reason)
  rmSync(work, { recursive: true, force: true })
  process.exit(1)
}
