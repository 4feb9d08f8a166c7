// `isock token`: what it prints and writes, and what it does not replace.
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { createToken } from 'isock'
import { readSecretFile } from '../../lib/core/link/secret-file.ts'
import { longIt } from '../setup/long.ts'
import { startScript } from '../setup/run-script.ts'

const run = (...args: string[]) => startScript('lib/cli/main.ts', { args: ['token', ...args] }).ended
const shape = /^[A-Za-z0-9_-]{43}$/

describe('isock token', function () {
  this.timeout(120_000)
  let folder: string
  let file: string

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'isock-token-'))
    file = join(folder, 'token.txt')
  })

  afterEach(() => rmSync(folder, { recursive: true, maxRetries: 20 }))

  it('prints another token each time, as text or JSON', async () => {
    const [first, second, json] = await Promise.all([run(), run(), run('--json')])
    const tokens = [first.stdout.trim(), second.stdout.trim(), (JSON.parse(json.stdout) as { token: string }).token]
    for (const token of [...tokens, createToken()]) expect(token).to.match(shape)
    expect(new Set(tokens).size).to.equal(3)
    expect([first.code, first.stderr, json.code]).to.deep.equal([0, '', 0])
  })

  longIt('writes a file that only its owner can read, and does not print what is in it', async () => {
    const { code, stdout, stderr } = await run('--file', file)
    expect([code, stdout, stderr]).to.deep.equal([0, `wrote a new token to ${file}\n`, ''])
    if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).to.equal(0o600)
    expect(readSecretFile(file).trim()).to.match(shape)
    expect(readdirSync(folder)).to.deep.equal(['token.txt'])
  })

  it('leaves a file that exists as it is, unless it is forced to', async () => {
    writeFileSync(file, 'the former token')
    chmodSync(file, 0o644)
    const refused = await run('--file', file)
    expect([refused.code, refused.stdout]).to.deep.equal([1, ''])
    expect(refused.stderr).to.equal(`isock: --file: ${file} already exists; --force replaces it\n`)
    expect(readFileSync(file, 'utf8')).to.equal('the former token')
    const forced = await run('--file', file, '--force', '--json')
    expect([forced.code, JSON.parse(forced.stdout)]).to.deep.equal([0, { file }])
    // The mode is the new one's, so that nobody else can read it.
    expect(readSecretFile(file).trim()).to.match(shape)
    expect(readdirSync(folder)).to.deep.equal(['token.txt'])
  })

  longIt('says what is wrong', async () => {
    const [alone, nowhere, directory] = await Promise.all([
      run('--force'),
      run('--file', join(folder, 'none', 'token.txt')),
      run('--file', folder, '--force'),
    ])
    expect([alone.code, alone.stderr]).to.deep.equal([2, 'isock: --force needs --file\n'])
    expect([nowhere.code, /cannot write .*token\.txt: ENOENT/.test(nowhere.stderr)]).to.deep.equal([1, true])
    expect([directory.code, /cannot write/.test(directory.stderr)]).to.deep.equal([1, true])
    expect(existsSync(folder)).to.equal(true)
  })
})
