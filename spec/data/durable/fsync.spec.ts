// What the system is asked for, by strace: no answer of a transactional call leaves before the log of the store is on disk.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import { Client } from 'isock'
import { Database } from 'isock/data'
import { freePort } from '../../processes/processes.ts'
import { compiled } from '../../setup/compiled.ts'
import { longDescribe } from '../../setup/long.ts'
import { skip } from '../../setup/skip.ts'
import { Account, accounts, Move, Transferred } from '../child/bank-server.ts'

const calls = 20
const together = 16
const rounds = 8

longDescribe('The answer of a transactional call', function () {
  this.timeout(120_000)
  let directory: string
  let log: string
  let program: string
  let child: ChildProcess | undefined

  before(function () {
    this.timeout(300_000)
    try {
      execFileSync('strace', ['-o', '/dev/null', 'true'], { stdio: 'ignore' })
    } catch {
      skip(this, 'strace is not installed, as by apt-get install strace, or the system lets it trace nothing')
    }
    program = compiled('spec/data/child/bank-server.ts')
  })

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'isock-fsync-'))
    log = join(directory, 'strace.log')
  })

  afterEach(async () => {
    await kill()
    rmSync(directory, { recursive: true })
  })

  /** The server, not strace, which ends with it. */
  async function kill(): Promise<void> {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    process.kill(Number(/^\d+/.exec(readFileSync(log, 'utf8'))?.[0]), 'SIGKILL')
    await exited
  }

  /** A traced server, whose accounts have money. */
  async function serve(durability: string): Promise<number> {
    const port = await freePort()
    const url = `file:${join(directory, 'bank.db')}`
    const command = [process.execPath, program, String(port), url, '', durability]
    const options = ['-f', '-y', '-qq', '-e', 'trace=fdatasync,fsync,write,writev', '-e', 'signal=none', '-o', log]
    child = spawn('strace', [...options, ...command], { stdio: ['ignore', 'pipe', 'inherit'] })
    await once(createInterface(child.stdout as NodeJS.ReadableStream), 'line')
    const database = await new Database({ models: [Account, Transferred], url }).open()
    await database.transaction(async (db) => {
      for (const name of accounts) await db.create(Account, { name, balance: 100 })
    })
    await database.close()
    return port
  }

  /** S: the log of the store is on disk. A: something leaves for a client. */
  function events(): string {
    return readFileSync(log, 'utf8')
      .split('\n')
      .map((line) =>
        /(fdatasync|fsync)\(\d+<[^>]*bank\.db-wal>/.test(line)
          ? 'S'
          : /writev?\(\d+<(TCP|socket)/.test(line)
            ? 'A'
            : '',
      )
      .join('')
  }

  const move = { from: 'a', to: 'b', amount: 1 }

  for (const durability of ['full', 'normal']) {
    it(`leaves after its commit is on disk, with durability ${durability}`, async () => {
      const client = new Client('127.0.0.1', await serve(durability))
      for (let i = 0; i < calls; i++) await client.runAction(Move, { key: `${i}`, ...move })
      await client.close()
      await kill()
      // After the handshake: the row of the session and the first commit, an answer; a commit, an answer; and so on.
      expect(events().replace(/^S*A+/, '')).to.match(new RegExp(`^SS+A(S+A){${calls - 1}}`))
    })

    it(`leaves after a commit that it shares is on disk, with durability ${durability}`, async () => {
      const port = await serve(durability)
      const clients = Array.from({ length: together }, () => new Client('127.0.0.1', port))
      let round = 0
      const all = async (): Promise<void> => {
        round++
        await Promise.all(clients.map((client, at) => client.runAction(Move, { key: `${round} ${at}`, ...move })))
      }
      // The rows of the sessions.
      await all()
      const before = events().length
      for (let i = 0; i < rounds; i++) await all()
      const written = events().slice(before)
      await Promise.all(clients.map((client) => client.close()))
      await kill()
      // Each round ends with its last answer.
      const each = written.match(new RegExp(`(S*A){${together}}`, 'g')) ?? []
      expect(each).to.have.length(rounds)
      for (const one of each) expect(one, written).to.match(/^S/)
    })
  }
})
