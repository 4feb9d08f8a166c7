// A bank whose process is killed in the middle of transfers, again and again: each transfer has one effect, and each caller its answer.
import { expect } from 'chai'
import { Client } from 'isock'
import { Database } from 'isock/data'
import { freePort } from '../../processes/processes.ts'
import { compiled } from '../../setup/compiled.ts'
import { longIt } from '../../setup/long.ts'
import { ServerProcess } from '../../setup/server-process.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { Account, accounts, Move, Transferred } from '../child/bank-server.ts'
import { lastingStores, placeOf, type TestStore } from '../stores.ts'

const kills = Number(process.env['ISOCK_KILLS'] ?? 8)
const lanes = 6
const opening = 1_000

for (const kind of lastingStores)
  describe(`a bank that is killed, ${kind.name}`, () => {
    let store: TestStore
    let port: number
    let server: ServerProcess
    let isOver = false

    before(async function () {
      this.timeout(300_000)
      store = await kind.make(this)
      port = await freePort()
      server = new ServerProcess(compiled('spec/data/child/bank-server.ts'), [port, ...placeOf(store)])
    })

    after(async () => {
      // A spec that has failed may still run.
      isOver = true
      await server?.close()
      await store?.remove()
    })

    longIt(`${kills} times: its sum stays, and each transfer is one`, async function () {
      // A busy machine is many times slower.
      this.timeout(kills * 30_000 + 120_000)
      await server.start()
      const database = await new Database({ models: [Account, Transferred], ...store.options }).open()
      await database.transaction(async (db) => {
        for (const name of accounts) await db.create(Account, { name, balance: opening })
      })
      const client = new Client('127.0.0.1', port, {
        retry: 1_000,
        patienceMs: 300_000,
        backoff: { minMs: 5, maxMs: 40 },
      })
      const answered: string[] = []
      const failed: unknown[] = []
      const lane = async (number: number): Promise<void> => {
        for (let i = 0; !isOver; i++) {
          const key = `${number}-${i}`
          const from = accounts[(number + i) % accounts.length] as string
          const to = accounts[(number + i + 1 + (i % 3)) % accounts.length] as string
          try {
            answered.push(await client.runAction(Move, { key, from, to, amount: 1 + (i % 7) }, { timeoutMs: 300_000 }))
          } catch (error) {
            failed.push(error)
          }
        }
      }
      const running = Array.from({ length: lanes }, (_, number) => lane(number))
      for (let i = 0; i < kills; i++) {
        const before = answered.length
        await waitFor(() => answered.length > before + lanes || failed.length > 0, { timeoutMs: 120_000 })
        // A different moment of its calls each time.
        await new Promise((resolve) => setTimeout(resolve, (i * 7) % 23))
        await server.kill()
        await server.start()
      }
      isOver = true
      await Promise.all(running)
      expect(failed.map(String)).to.deep.equal([])
      const [balances, entries] = await database.transaction(async (db) => [
        (await db.query(Account)).map(({ balance }) => balance),
        (await db.query(Transferred)).map(({ key }) => key),
      ])
      await client.close()
      await database.close()
      await server.kill()
      expect(balances.reduce((sum, balance) => sum + balance, 0)).to.equal(opening * accounts.length)
      expect([...entries].sort()).to.deep.equal([...answered].sort())
      expect(answered.length).to.be.greaterThan(kills * lanes)
    })
  })
