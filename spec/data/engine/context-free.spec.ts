// Before Node 24, from the first AsyncLocalStorage that runs on, Node does something at every promise: the store must not begin one.
import { AsyncLocalStorage } from 'node:async_hooks'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { Database } from 'isock/data'
import { ChatMessage, models, User } from '../models.ts'
import { stores } from '../stores.ts'

for (const kind of stores)
  describe(`What a program does with rows in ${kind.name}`, function () {
    this.timeout(120_000)
    const { prototype } = AsyncLocalStorage
    const { run, enterWith } = prototype
    let runs: string[] = []

    before(() => {
      const counted = (): void => void runs.push(new Error('an AsyncLocalStorage runs').stack ?? '')
      Object.assign(prototype, {
        run(this: AsyncLocalStorage<unknown>, ...args: Parameters<typeof run>) {
          counted()
          return run.apply(this, args)
        },
        enterWith(this: AsyncLocalStorage<unknown>, store: unknown) {
          counted()
          return enterWith.call(this, store)
        },
      })
    })

    after(() => Object.assign(prototype, { run, enterWith }))

    it('runs no AsyncLocalStorage', async function () {
      runs = []
      const store = await kind.make(this)
      const folder = await mkdtemp(join(tmpdir(), 'isock-context-free-'))
      const database = new Database({ ...store.options, models })
      try {
        await database.open()
        await database.migrate()
        await database.transaction(async (db) => {
          const author = await db.create(User, { email: 'ann' })
          const first = await db.create(ChatMessage, { author, content: 'one' })
          await db.flush()
          await Promise.all([
            db.create(ChatMessage, { author, content: 'two', replyTo: first }),
            db.create(ChatMessage, { author, content: 'three' }),
          ])
          await db.update(first, { content: 'changed' })
          expect(await db.count(ChatMessage, { author })).to.equal(3)
          await db.commit()
          await db.drop(first, { cascade: ['ChatMessage.replyTo'] })
        })
        await database.save(folder)
        await database.load(folder, { replace: true })
      } finally {
        await database.close()
        await rm(folder, { recursive: true })
        await store.remove()
      }
      expect(runs).to.deep.equal([])
    })
  })
