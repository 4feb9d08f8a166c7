// Help and version of every command, and the completion scripts that are made from the same definitions.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { runCommand } from '../setup/run-command.ts'
import { skip } from '../setup/skip.ts'

const commands = [
  'serve',
  'call',
  'ls',
  'ping',
  'bench',
  'sessions',
  'answers',
  'start',
  'stop',
  'token',
  'data',
  'data migrate',
  'completion',
]

describe('Every command of isock', () => {
  it('has help under -h and --help', async () => {
    for (const command of ['', ...commands]) {
      const path = command.split(' ').filter(Boolean)
      const short = await runCommand([...path, '-h'])
      const long = await runCommand([...path, '--help'])
      expect(short.code, command).to.equal(0)
      expect(short.stdout)
        .to.match(new RegExp(`^Usage: ${['isock', ...path].join(' ')} `))
        .and.equal(long.stdout)
    }
  })

  it('tells the version under -V and --version', async () => {
    for (const command of ['', ...commands])
      for (const flag of ['-V', '--version']) {
        const { code, stdout } = await runCommand([...command.split(' ').filter(Boolean), flag])
        expect({ code, stdout }, command).to.have.property('code', 0)
        expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/)
      }
  })

  it('names every kind of address', async () => {
    const { stdout } = await runCommand(['call', '--help'])
    for (const kind of ['tcp://', 'tls://', 'unix:/', 'ws://', 'wss://']) expect(stdout).to.include(kind)
  })
})

describe('isock completion', () => {
  const scriptFor = async (shell: string): Promise<string> => (await runCommand(['completion', shell])).stdout

  it('refuses other shells, with those that it knows', async () => {
    const { code, stderr } = await runCommand(['completion', 'cmd'])
    expect(code).to.equal(2)
    expect(stderr).to.include('Allowed choices are bash, zsh, fish.')
  })

  for (const shell of ['bash', 'zsh', 'fish'])
    it(`is a script that ${shell} can read`, async function () {
      const script = await scriptFor(shell)
      for (const word of ['serve', 'migrate', 'log-level', 'debug', 'token-file']) expect(script).to.include(word)
      const directory = mkdtempSync(join(tmpdir(), 'isock-completion-'))
      const file = join(directory, shell)
      writeFileSync(file, script)
      const { status, error, stderr } = spawnSync(shell, ['-n', file], { encoding: 'utf8' })
      rmSync(directory, { recursive: true })
      if (error !== undefined) return skip(this, `${shell} is not installed`)
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' })
    })

  /** What bash offers after these words, the last of which is being typed. */
  const offered = async (...words: string[]): Promise<string[]> => {
    const typed = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}`
    const script = `${await scriptFor('bash')}\n${typed}; _isock; printf '%s\\n' "\${COMPREPLY[@]}"`
    const { stdout, stderr } = spawnSync('bash', ['-c', script], { encoding: 'utf8' })
    expect(stderr).to.equal('')
    return stdout.split('\n').filter(Boolean)
  }

  it('offers commands, their flags, and the choices of values', async () => {
    expect(await offered('isock', 'se')).to.deep.equal(['serve', 'sessions', 'server'])
    expect(await offered('isock', 'serve', '--log')).to.deep.equal(['--log-level'])
    expect(await offered('isock', 'serve', 'a.js', '--log-level', 'd')).to.deep.equal(['debug'])
    expect(await offered('isock', 'data', 'mi')).to.deep.equal(['migrate'])
    expect(await offered('isock', 'data', 'migrate', '--dr')).to.deep.equal(['--dry-run', '--drop'])
    expect(await offered('isock', 'completion', '')).to.deep.equal(['bash', 'zsh', 'fish'])
  })

  it('offers files where a value or an argument is one, and nothing where none can be known', async () => {
    expect(await offered('isock', 'serve', 'package.j')).to.deep.equal(['package.json'])
    expect(await offered('isock', 'ls', 'localhost:1', '--token-file', 'package.j')).to.deep.equal(['package.json'])
    expect(await offered('isock', 'serve', '--port', '')).to.deep.equal([])
    expect(await offered('isock', 'ls', '')).to.deep.equal([])
  })
})
