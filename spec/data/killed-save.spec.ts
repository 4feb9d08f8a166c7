// A save whose process is killed, wherever it is: what is in the files is of one moment, and nothing is left for long.
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import type { Database } from 'isock/data'
import { longIt, sizeOf } from '../setup/long.ts'
import { startScript } from '../setup/run-script.ts'
import { Counter } from './counter.ts'
import { Paper } from './paper.ts'
import { openDatabase } from './stores.ts'

const kills = sizeOf({ all: 6, few: 1 })
const rows = 800

describe('A save whose process is killed', function () {
  this.timeout(180_000)
  let directory: string
  let database: Database

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'isock-killed-'))
    database = await openDatabase({ options: {}, remove: async () => undefined }, { models: [Counter, Paper] })
    await database.transaction(async (db) => {
      for (let at = 0; at < rows; at++) {
        await db.create(Counter, { pk: `c${at}`, name: `${at}` })
        await db.create(Paper, { title: `${at}`, content: '0' })
      }
    })
    await database.save(directory)
  })

  afterEach(async () => {
    await database.close()
    await rm(directory, { recursive: true, force: true })
  })

  longIt('leaves the files whole and of one save, and what it left is removed later', async () => {
    for (let kill = 0; kill < kills; kill++) {
      const script = startScript('spec/data/child/saves.ts', { args: [directory] })
      await script.printed(/saved [\s\S]*saving/, 'stdout', 20_000)
      await sleep(Math.random() * 60)
      script.kill()
      const { stdout } = await script.ended
      const saved = Number(/[\s\S]*saved (\d+)/.exec(stdout)?.[1])
      expect(await database.load(directory, { replace: true })).to.equal(2 * rows)
      await database.transaction(async (db) => {
        const values = new Set<number>()
        for (const { value } of await db.query(Counter)) values.add(value)
        for (const { content } of await db.query(Paper)) values.add(Number(content))
        expect(values.size).to.equal(1)
        expect([...values][0]).to.be.within(saved, saved + 1)
      })
    }
    for (const name of await readdir(directory)) await utimes(join(directory, name), 0, 0)
    await database.save(directory)
    expect((await readdir(directory)).sort()).to.deep.equal(['Counter.json', 'Paper.json'])
  })
})
