// A libsql file that several units of work use at once, of this process and of others.
import { mkdir, mkdtemp, readdir, readFile, readlink, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'chai'
import { Database, type Db, ge, StoreUnavailableError } from 'isock/data'
import { casesOf, longIt } from '../setup/long.ts'
import { type RunningScript, startScript } from '../setup/run-script.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'
import { Counter } from './counter.ts'

describe('A libsql file', function () {
  this.timeout(180_000)
  let directory: string
  let url: string
  let database: Database
  const scripts: RunningScript[] = []

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'isock-shared-'))
    url = `file:${join(directory, 'store.db')}`
    database = await open()
    await database.migrate()
    await database.transaction((db) => db.create(Counter, { name: 'shared' }))
  })

  afterEach(async () => {
    for (const script of scripts.splice(0)) {
      script.kill()
      await script.ended
    }
    await database.close()
    await rm(directory, { recursive: true })
  })

  function open(waitMs = 20_000): Promise<Database> {
    return new Database({ models: [Counter], url, waitMs }).open()
  }

  function start(args: string[]): RunningScript {
    const script = startScript('spec/data/child/shares.ts', { args, input: null })
    scripts.push(script)
    return script
  }

  function add(): Promise<void> {
    return database.transaction(async (db) => {
      const counter = await db.get(Counter, { name: 'shared' }, { lock: true })
      await new Promise((resolve) => setImmediate(resolve))
      await db.update(counter, { value: counter.value + 1 })
    })
  }

  function shared(): Promise<number> {
    return database.transaction(async (db) => (await db.get(Counter, { name: 'shared' })).value)
  }

  describe('that several processes write', () => {
    longIt('loses no change of any', async () => {
      const others = casesOf([0, 1, 2], 1).map(() => start(['count', url, '60']))
      // Two units at a time here, too, while any of them runs.
      let isOver = false
      const ended = Promise.all(others.map(({ ended }) => ended)).finally(() => {
        isOver = true
      })
      let own = 0
      const keepAdding = async (): Promise<void> => {
        while (!isOver) {
          await add()
          own++
          await sleep(1)
        }
      }
      await Promise.all([keepAdding(), keepAdding()])
      for (const { code, stderr } of await ended) expect(code, stderr).to.equal(0)
      expect(await shared()).to.equal(own + 60 * others.length)
    })

    it('is read at once while another process writes, and written when that is done', async () => {
      const holder = start(['hold', url])
      await holder.printed(/holding/)
      expect(await shared()).to.equal(0)
      const adding = add()
      await sleep(100)
      expect(await shared()).to.equal(0)
      holder.child.stdin?.end()
      await adding
      expect((await holder.ended).stdout).to.include('done')
      expect(await shared()).to.equal(1)
      await add()
      expect(await database.transaction((db) => db.count(Counter))).to.equal(2)
    })

    longIt('is told to be busy where that takes too long, and is there again afterwards', async () => {
      const holder = start(['hold', url])
      await holder.printed(/holding/)
      const hasty = await open(300)
      try {
        const startedAt = performance.now()
        const error = await failureOf(hasty.transaction((db) => db.create(Counter, { name: 'own' })))
        expect(error).to.be.instanceOf(StoreUnavailableError)
        expect(error.message).to.include('busy')
        expect(performance.now() - startedAt).to.be.within(250, 3_000)
        holder.child.stdin?.end()
        await holder.ended
        // What was refused has left nothing that would keep it at what the file was then.
        for (const name of ['a', 'b', 'c']) {
          await add()
          await hasty.transaction((db) => db.create(Counter, { name }))
        }
        expect(await hasty.transaction((db) => db.count(Counter))).to.equal(5)
      } finally {
        await hasty.close()
      }
    })

    longIt('keeps nothing of one that is killed in the middle, and waits for nothing of it', async () => {
      const holder = start(['hold', url])
      await holder.printed(/holding/)
      const adding = add()
      holder.kill()
      await holder.ended
      await adding
      expect(await database.transaction((db) => db.find(Counter, { name: 'held' }))).to.equal(undefined)
    })
  })

  describe('that several units of one process use', () => {
    it('is read while one has written and waits for something else', async () => {
      await database.transaction(async (db) => {
        await db.create(Counter, { name: 'new' })
        expect(await database.transaction((other) => other.count(Counter))).to.equal(1)
      })
      expect(await database.transaction((db) => db.count(Counter))).to.equal(2)
    })

    longIt('is written while it is saved, and what is saved is of one moment', async () => {
      await database.transaction(async (db) => {
        for (let at = 0; at < 4_500; at++) await db.create(Counter, { name: `c${at}` })
      })
      const files = join(directory, 'files')
      let creating: Promise<void> | undefined
      let isCreated = false
      let wasCreatedBeforeTheEnd = false
      const saved = await database.save(files, {
        onProgress: ({ done, total }) => {
          creating ??= database
            .transaction((db) => db.create(Counter, { name: 'late' }))
            .then(() => {
              isCreated = true
            })
          wasCreatedBeforeTheEnd = done === total && isCreated
        },
      })
      await creating
      expect(wasCreatedBeforeTheEnd).to.equal(true)
      expect(saved).to.equal(4_501)
      expect(JSON.parse(await readFile(join(files, 'Counter.json'), 'utf8'))).to.have.lengthOf(4_501)
      expect(await database.transaction((db) => db.count(Counter))).to.equal(4_502)
    })

    it('is not held up by one that was aborted while it waited, however long its action goes on', async () => {
      const hasty = await open(300)
      const aborting = new AbortController()
      let isOver = (): void => undefined
      const over = new Promise<void>((resolve) => {
        isOver = resolve
      })
      let aborted: Promise<void> | undefined
      await hasty.transaction(async (db) => {
        await db.create(Counter, { name: 'first' })
        const work = async (other: Db): Promise<void> => {
          const refused = await failureOf(other.create(Counter, { name: 'aborted' }))
          expect(refused.message).to.equal('not wanted any more')
          await over
        }
        aborted = hasty.transaction(work, { signal: aborting.signal })
        // It is in the queue by then.
        await sleep(20)
        aborting.abort(new Error('not wanted any more'))
      })
      try {
        await hasty.transaction((db) => db.create(Counter, { name: 'next' }))
      } finally {
        isOver()
        await aborted
        await hasty.close()
      }
      expect(await database.transaction((db) => db.find(Counter, { name: 'aborted' }))).to.equal(undefined)
    })

    longIt('lets all of many writers in, one after the other', async () => {
      await Promise.all(Array.from({ length: 200 }, add))
      expect(await shared()).to.equal(200)
    })

    it('does not let those wait who read while many want to write', async () => {
      let letGo: (() => void) | undefined
      const held = database.transaction(async (db) => {
        await db.create(Counter, { name: 'new' })
        await new Promise<void>((resolve) => {
          letGo = resolve
        })
      })
      await waitFor(() => letGo !== undefined)
      const writers = Array.from({ length: 50 }, add)
      await sleep(20)
      expect(await shared()).to.equal(0)
      letGo?.()
      await Promise.all([held, ...writers])
      expect(await shared()).to.equal(50)
    })
  })

  it('is let go of when the database is closed', async function () {
    if (process.platform !== 'linux') skip(this, 'open files are told by /proc/self/fd, which only Linux has')
    await database.transaction((db) => db.query(Counter, { value: ge(0) }))
    expect(await openFiles()).to.be.greaterThan(0)
    await database.close()
    expect(await openFiles()).to.equal(0)
  })

  it('can be moved once the database is closed, and opened where it is then, whatever its name', async () => {
    await database.close()
    // Its log is in it, and gone.
    expect(await readdir(directory)).to.deep.equal(['store.db'])
    const moved = join(directory, "ann's store.db")
    await rename(join(directory, 'store.db'), moved)
    url = `file:${moved}`
    database = await open()
    expect(await shared()).to.equal(0)
    await add()
    expect(await shared()).to.equal(1)
  })

  it('that was replaced by another one is noticed', async () => {
    await database.transaction((db) => db.count(Counter))
    for (const file of await readdir(directory)) await rm(join(directory, file))
    const fresh = await open()
    await fresh.migrate()
    await fresh.close()
    expect(await database.transaction((db) => db.count(Counter))).to.equal(0)
    await database.transaction((db) => db.create(Counter, { name: 'new' }))
    expect(await database.transaction((db) => db.count(Counter))).to.equal(1)
  })

  it('that is gone with its directory is told to be away, without its path, and used again when it is back', async () => {
    const place = join(directory, 'sub')
    await mkdir(place)
    const lost = new Database({ models: [Counter], url: `file:${join(place, 'store.db')}`, waitMs: 200 })
    await lost.open()
    try {
      await lost.migrate()
      await rm(place, { recursive: true })
      const works: ((db: Db) => Promise<unknown>)[] = [
        (db) => db.count(Counter),
        (db) => db.create(Counter, { name: 'lost' }),
      ]
      for (const work of works) {
        const error = await failureOf(lost.transaction(work))
        expect(error).to.be.instanceOf(StoreUnavailableError)
        expect(error.message).to.equal('the store is unreachable (SQLITE_CANTOPEN)')
      }
      await mkdir(place)
      await lost.migrate()
      await lost.transaction((db) => db.create(Counter, { name: 'new' }))
    } finally {
      await lost.close()
    }
  })

  async function openFiles(): Promise<number> {
    const targets = await Promise.all(
      (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
    )
    return targets.filter((target) => target.startsWith(directory)).length
  }
})
