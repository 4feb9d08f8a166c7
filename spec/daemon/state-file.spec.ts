// What is written down of a daemon: read back as it was, and not believed where anything of it is wrong.
import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type DaemonState, readState, removeState, writeState } from '../../lib/daemon/state-file.ts'

describe('The state file of a daemon', () => {
  let directory: string
  let path: string

  const settings = {
    modules: ['/a.mjs'],
    host: '127.0.0.1',
    cwd: '/',
    logLevel: 'info',
    logFiles: 5,
    logMaxBytes: 1_000,
    graceMs: 0,
    startTimeoutMs: 1,
    exitWithParent: false,
  }
  const state = {
    version: 2,
    pid: 1_234,
    name: 'default',
    nonce: 'abc',
    startedAt: '2026-01-01T00:00:00.000Z',
    addresses: [],
    settings,
    tokenOrigin: 'none',
  } as unknown as DaemonState

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'isock-state-'))
    path = join(directory, 'state.json')
  })

  afterEach(() => rmSync(directory, { recursive: true, force: true }))

  const write = (value: unknown) => writeFileSync(path, JSON.stringify(value))

  it('is read back as it was, for its user alone, and nothing is beside it', () => {
    writeState(path, state)
    expect(readState(path)).to.deep.equal(state)
    expect(statSync(path).mode & 0o777).to.equal(0o600)
    writeState(path, { ...state, nonce: 'def' })
    expect(readState(path)?.nonce).to.equal('def')
    expect(readdirSync(directory)).to.deep.equal(['state.json'])
  })

  it('leaves nothing where it cannot be written', () => {
    const wrong = join(directory, 'none', 'state.json')
    expect(() => writeState(wrong, state)).to.throw('ENOENT')
    expect(readdirSync(directory)).to.deep.equal([])
  })

  it('is removed by whom it is of, and by nobody else', () => {
    writeState(path, state)
    removeState(path, 'another')
    expect(readState(path)).to.deep.equal(state)
    removeState(path, state.nonce)
    expect(readdirSync(directory)).to.deep.equal([])
    removeState(path, state.nonce)
  })

  it('is none where there is none, or half of one', () => {
    expect(readState(path)).to.equal(undefined)
    for (const text of ['', '{', JSON.stringify(state).slice(0, 50), 'null', '5', '[]', '{}']) {
      writeFileSync(path, text)
      expect(readState(path), text).to.equal(undefined)
    }
  })

  const wrong: Record<string, unknown[]> = {
    version: [1, 3, '2', undefined],
    pid: [1, 0, -1, 1.5, '1234', undefined],
    name: [5, undefined],
    nonce: [5, undefined],
    startedAt: [5, undefined],
    addresses: [{}, 'tcp', undefined],
    tokenOrigin: ['somewhere', 5, undefined],
    settings: [null, 5, 'text', undefined],
  }
  const wrongSettings: Record<string, unknown[]> = {
    modules: ['/a.mjs', [5], undefined],
    host: [5, undefined],
    cwd: [5, undefined],
    tlsKey: [5],
    tlsCert: [5],
    logLevel: ['loud', undefined],
    logFiles: [0, -1, '5', undefined],
    logMaxBytes: [0, -1, '5', undefined],
    graceMs: [-1, '5', null, undefined],
    startTimeoutMs: [0, -1, '5', undefined],
    exitWithParent: ['yes', undefined],
  }
  for (const [field, values] of Object.entries(wrong))
    it(`is none where its ${field} is wrong`, () => {
      write(state)
      expect(readState(path)).to.deep.equal(state)
      for (const value of values) {
        write({ ...state, [field]: value })
        expect(readState(path), JSON.stringify(value)).to.equal(undefined)
      }
    })
  for (const [field, values] of Object.entries(wrongSettings))
    it(`is none where ${field} of its settings is wrong`, () => {
      for (const value of values) {
        write({ ...state, settings: { ...settings, [field]: value } })
        expect(readState(path), JSON.stringify(value)).to.equal(undefined)
      }
    })
})
