// The page about HTTP: its commands do what they say, on the server of its first example.
import { spawn, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { longIt } from '../../setup/long.ts'
import { skip } from '../../setup/skip.ts'
import { waitFor } from '../../setup/wait-for.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const page = readFileSync(join(root, 'docs', 'http.md'), 'utf8')

describe('the page about HTTP', function () {
  this.timeout(120_000)

  before(function () {
    if (process.platform === 'win32') skip(this, 'its commands are for a shell of Unix')
    if (spawnSync('curl', ['--version']).status !== 0) skip(this, 'there is no curl')
  })

  longIt('has commands that do what they say', async () => {
    const folder = mkdtempSync(join(root, '.docs-http-'))
    const file = join(folder, 'server.ts')
    writeFileSync(file, (blocksOf('ts')[0] as string).replace('port: 8080', 'port: 0'))
    const server = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), file], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    const ended = new Promise((resolve) => server.once('exit', resolve))
    try {
      let url = ''
      server.stdout.on('data', (chunk: Buffer) => {
        url += chunk.toString().trim()
      })
      await waitFor(() => url.startsWith('http://'), { timeoutMs: 30_000 })
      const commands = blocksOf('sh').flatMap(commandsOf)
      expect(commands).to.have.length.above(7)
      for (const { command, output } of commands) {
        const { stdout } = spawnSync('sh', ['-c', command.replaceAll('http://127.0.0.1:8080', url)], {
          encoding: 'utf8',
        })
        expect(stdout.replace(/\n$/, ''), command).to.equal(output)
      }
    } finally {
      server.kill()
      await ended
      rmSync(folder, { recursive: true })
    }
  })
})

function blocksOf(language: string): string[] {
  return [...page.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, text = '']) =>
    name === language ? [text] : [],
  )
}

/** Lines that begin with '#' are what the command before them prints. */
function commandsOf(block: string): { command: string; output: string }[] {
  const commands: { command: string; output: string }[] = []
  let command = ''
  let output: string[] = []
  const close = (): void => {
    if (command !== '') commands.push({ command, output: output.join('\n') })
    command = ''
    output = []
  }
  for (const line of block.trimEnd().split('\n')) {
    if (line.startsWith('#')) output.push(line.slice(2))
    else {
      if (output.length > 0) close()
      command += `${line}\n`
    }
  }
  close()
  return commands
}
