// A publisher whose process is killed again and again: each reader, at it and at another server of the store, gets every message that
// was confirmed once and in one order.
import { expect } from 'chai'
import { Client, OutcomeUnknownError, type Server } from 'isock'
import { freePort } from '../../processes/processes.ts'
import { compiled } from '../../setup/compiled.ts'
import { longIt } from '../../setup/long.ts'
import { ServerProcess } from '../../setup/server-process.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { Append, Log, serveLog } from '../child/channel-server.ts'
import { lastingStores, placeOf, type TestStore } from '../stores.ts'

const kills = Number(process.env['ISOCK_KILLS'] ?? 8)
const lanes = 4

for (const kind of lastingStores)
  describe(`a publisher that is killed, ${kind.name}`, () => {
    let store: TestStore
    let port: number
    let killed: ServerProcess
    let other: Server | undefined
    const clients: Client[] = []
    let isOver = false

    before(async function () {
      this.timeout(300_000)
      store = await kind.make(this)
      port = await freePort()
      killed = new ServerProcess(compiled('spec/data/child/channel-server.ts'), [port, ...placeOf(store)])
    })

    after(async () => {
      // A spec that has failed may still run.
      isOver = true
      await close()
      await store?.remove()
    })

    async function close(): Promise<void> {
      await Promise.all(clients.splice(0).map((client) => client.close()))
      await other?.shutdown({ graceMs: 0 })
      other = undefined
      await killed?.close()
    }

    function clientAt(at: number): Client {
      const backoff = { minMs: 5, maxMs: 40 }
      const client = new Client('127.0.0.1', at, { retry: 1_000, patienceMs: 300_000, backoff })
      clients.push(client)
      return client
    }

    longIt(`${kills} times: no message is lost, doubled or moved`, async function () {
      this.timeout(kills * 30_000 + 120_000)
      await killed.start()
      other = await serveLog(0, store.options.url as string, store.options.schema)
      const [address = ''] = other.addresses
      const ports = [port, Number(new URL(address).port)]
      const read = ports.map((): string[] => [])
      const subscriptions = ports.map((at, i) => clientAt(at).subscribe(Log, (note) => void read[i]?.push(note)))
      await Promise.all(subscriptions.map(({ ready }) => ready))
      const client = clientAt(port)
      const confirmed: string[] = []
      const unknown: string[] = []
      const failed: unknown[] = []
      const lane = async (name: string, publish: (note: string) => Promise<unknown>): Promise<void> => {
        for (let i = 0; !isOver; i++) {
          const note = `${name} ${i}`
          try {
            await publish(note)
            confirmed.push(note)
          } catch (error) {
            if (error instanceof OutcomeUnknownError && name.startsWith('plain')) unknown.push(note)
            else failed.push(error)
          }
        }
      }
      const running = Array.from({ length: lanes }, (_, i) =>
        i % 2 === 0
          ? lane(`action ${i}`, (note) => client.runAction(Append, note, { timeoutMs: 300_000 }))
          : lane(`plain ${i}`, (note) => client.publish(Log, note, { timeoutMs: 300_000 })),
      )
      running.push(lane('plain elsewhere', (note) => (other as Server).publish(Log, note)))
      const confirmedHere = (): number => confirmed.filter((note) => note.startsWith('action')).length
      for (let i = 0; i < kills; i++) {
        // By then the session is recorded: before, a call that was sent may be unknown.
        const before = confirmedHere()
        await waitFor(() => confirmedHere() > before + 2 * lanes || failed.length > 0, { timeoutMs: 120_000 })
        // A different moment each time.
        await new Promise((resolve) => setTimeout(resolve, (i * 7) % 23))
        await killed.kill()
        await killed.start()
      }
      isOver = true
      await Promise.all(running)
      await other.publish(Log, 'end')
      await waitFor(() => read.every((notes) => notes.at(-1) === 'end'), { timeoutMs: 60_000 })
      const kept = (await other.channel(Log).readHistory()).map(({ offset, message }) => `${offset}: ${message}`)
      const recovered = subscriptions.map((each) => each.recovered)
      await close()
      expect(failed.map(String)).to.deep.equal([])
      for (const notes of read) expect(notes.map((note, i) => `${i + 1}: ${note}`)).to.deep.equal(kept)
      const [notes = []] = read
      expect(new Set(notes).size).to.equal(notes.length)
      for (const note of confirmed) expect(notes).to.include(note)
      for (const note of notes) expect([...confirmed, ...unknown, 'end']).to.include(note)
      expect(recovered).to.deep.equal([true, true])
    })
  })
