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

  for (const durability of ['full', 'normal'])
    it(`leaves after its commit is on disk, with durability ${durability}`, async () => {
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
      const client = new Client('127.0.0.1', port)
      const move = { from: 'a', to: 'b', amount: 1 }
      for (let i = 0; i < calls; i++) await client.runAction(Move, { key: `${i}`, ...move })
      await client.close()
      await kill()
      const events = readFileSync(log, 'utf8')
        .split('\n')
        .map((line) =>
          /(fdatasync|fsync)\(\d+<[^>]*bank\.db-wal>/.test(line)
            ? 'S'
            : /writev?\(\d+<(TCP|socket)/.test(line)
              ? 'A'
              : '',
        )
        .join('')
      // After the handshake: the row of the session and the first commit, an answer; a commit, an answer; and so on.
      expect(events.replace(/^S*A+/, '')).to.match(new RegExp(`^SS+A(S+A){${calls - 1}}`))
    })
})
