// A durable service at two servers, one of which is killed in the middle of calls, again and again: each call that was answered is in the
// state once, and in the order of its client.
import { expect } from 'chai'
import { Client } from 'isock'
import { Database } from 'isock/data'
import { freePort } from '../../processes/processes.ts'
import { compiled } from '../../setup/compiled.ts'
import { longIt } from '../../setup/long.ts'
import { ServerProcess } from '../../setup/server-process.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { Log, Noted } from '../child/log-server.ts'
import { lastingStores, placeOf, type TestStore } from '../stores.ts'

const kills = Number(process.env['ISOCK_KILLS'] ?? 8)
const keys = ['one', 'other']
const lanesOfEach = 3

for (const kind of lastingStores)
  describe(`a durable service whose servers are killed, ${kind.name}`, () => {
    let store: TestStore
    let ports: number[]
    let servers: readonly ServerProcess[] = []
    let isOver = false

    before(async function () {
      this.timeout(300_000)
      store = await kind.make(this)
      ports = [await freePort(), await freePort()]
      const program = compiled('spec/data/child/log-server.ts')
      servers = ports.map((port) => new ServerProcess(program, [port, ...placeOf(store)]))
    })

    after(async () => {
      // A spec that has failed may still run.
      isOver = true
      await Promise.all(servers.map((server) => server.close()))
      await store?.remove()
    })

    longIt(`${kills} times: each call is in its state once`, async function () {
      // A busy machine is many times slower.
      this.timeout(kills * 30_000 + 120_000)
      await Promise.all(servers.map((server) => server.start()))
      const options = { retry: 1_000, patienceMs: 300_000, backoff: { minMs: 5, maxMs: 40 } }
      const clients = ports.map((port) => new Client('127.0.0.1', port, options))
      const answered: Record<string, string[]> = {}
      const failed: unknown[] = []
      const count = (): number => Object.values(answered).reduce((sum, { length }) => sum + length, 0)
      const logOf = (client: Client | undefined, key: string) => (client as Client).service(Log, { key })
      for (const key of keys) {
        answered[key] = []
        await logOf(clients[0], key).initialize()
      }
      const lane = async (number: number): Promise<void> => {
        const key = keys[number % keys.length] as string
        const log = logOf(clients[number % 3 === 0 ? 0 : 1], key)
        for (let i = 0; !isOver; i++) {
          const note = `${number}-${i}`
          try {
            await log.execute(note, { timeoutMs: 300_000 })
            answered[key]?.push(note)
          } catch (error) {
            failed.push(`${note}: ${String(error)}`)
          }
        }
      }
      const running = Array.from({ length: keys.length * lanesOfEach }, (_, number) => lane(number))
      for (let i = 0; i < kills; i++) {
        const before = count()
        await waitFor(() => count() > before + running.length || failed.length > 0, { timeoutMs: 120_000 })
        // A different moment of its calls each time.
        await new Promise((resolve) => setTimeout(resolve, (i * 7) % 23))
        const server = servers[i % 2] as ServerProcess
        await server.kill()
        await server.start()
      }
      isOver = true
      await Promise.all(running)
      expect(failed.map(String)).to.deep.equal([])
      for (const key of keys) {
        const notes = (await logOf(clients[0], key).terminate(undefined, { awaitResponse: true })) as string[]
        expect([...notes].sort()).to.deep.equal([...(answered[key] ?? [])].sort())
        // Of each lane, in the order in which it called.
        for (let number = 0; number < running.length; number++) {
          const own = notes.filter((note) => note.startsWith(`${number}-`))
          expect(own).to.deep.equal(own.map((_, i) => `${number}-${i}`))
        }
      }
      const database = await new Database({ models: [Noted], ...store.options }).open()
      const rows = await database.transaction((db) => db.query(Noted))
      await database.close()
      expect(rows.map(({ note }) => note).sort()).to.deep.equal(Object.values(answered).flat().sort())
      expect(count()).to.be.greaterThan(kills * running.length)
      await Promise.all(clients.map((client) => client.close()))
      await Promise.all(servers.map((server) => server.kill()))
    })
  })
