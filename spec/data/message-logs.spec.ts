// The logs of a server's durable channels: when they are opened, what is said where the store cannot be used, and by what a copy is known.
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { BusyError } from 'isock'
import { Database } from 'isock/data'
import { Refused } from '../../lib/core/action/refused.ts'
import { platformClock } from '../../lib/core/base/clock.ts'
import type { ServerKit } from '../../lib/core/server/feature.ts'
import type { LogNews } from '../../lib/core/server/message-logs.ts'
import { durableStore, storeHints } from '../../lib/features/data/database.ts'
import type { DurableStore } from '../../lib/features/data/durable/durable-store.ts'
import { RoomLogs } from '../../lib/features/data/durable/room-logs.ts'
import { SharedLogs } from '../../lib/features/data/message-logs.ts'
import { waitFor } from '../setup/wait-for.ts'
import { failureOf } from '../setup/world.ts'

const bounds = { size: 10, ttlMs: 1_000_000 }
const room = { channel: 'News', key: '' }
const message = { ...room, item: 'text', to: undefined, except: undefined }

describe('The logs of durable channels', () => {
  let folder: string
  let file: string
  let database: Database
  let logs: SharedLogs
  let another: () => SharedLogs
  let opened: number
  /** Why the store cannot be used. */
  let fault: Error | undefined
  let store: (own: DurableStore) => DurableStore
  const reported: string[] = []
  const warned: string[] = []

  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'isock-logs-'))
    file = join(folder, 'app.db')
    database = await new Database({ models: [], url: `file:${file}` }).open()
    await database.migrate()
    opened = 0
    fault = undefined
    store = (own) => own
    reported.length = 0
    warned.length = 0
    const kit = {
      clock: platformClock,
      report: (error: unknown, what: string) => void reported.push(`${what}: ${String(error)}`),
      log: { warn: (_: object, text: string) => void warned.push(text) },
    } as unknown as ServerKit
    const spied = {
      options: database.options,
      [durableStore]: async () => {
        opened++
        if (fault !== undefined) throw fault
        return store(await database[durableStore]())
      },
      [storeHints]: (report: (error: unknown) => void) => database[storeHints](report),
    } as unknown as Database
    another = () => new SharedLogs(spied, kit)
    logs = another()
  })

  afterEach(async () => {
    await logs.stop()
    await database.close()
    rmSync(folder, { recursive: true })
  })

  const places = async (): Promise<unknown> =>
    (await database[durableStore]()).read('select place from store.isock_store')

  it('are not opened where no channel is durable, nor to be stopped', async () => {
    await logs.start()
    expect(logs.isReady, 'transactions may begin').to.equal(true)
    await logs.stop()
    expect(opened).to.equal(0)
  })

  it('are opened at the start where a channel is, once for all', async () => {
    logs.keep('News', bounds)
    expect(logs.isReady, 'transactions may begin').to.equal(false)
    await logs.start()
    expect(logs.isReady, 'transactions may begin').to.equal(true)
    expect(await Promise.all([logs.append(message), logs.append(message)])).to.deep.equal([1, 2])
    expect((await logs.after(room, 1, 10)).messages.map(({ offset }) => offset)).to.deep.equal([2])
    expect((await logs.newest(room, 1)).messages.map(({ offset }) => offset)).to.deep.equal([2])
    expect(opened).to.equal(1)
  })

  it('are told the bounds of the channels that came before they were opened, and are closed at the end', async () => {
    const { keep } = RoomLogs.prototype
    const kept: unknown[] = []
    RoomLogs.prototype.keep = function (this: RoomLogs, channel, given) {
      kept.push([channel, given])
      keep.call(this, channel, given)
    }
    try {
      logs.keep('News', bounds)
      logs.keep('Offers', { size: 3, ttlMs: 5_000 })
      await logs.start()
    } finally {
      RoomLogs.prototype.keep = keep
    }
    expect(kept).to.deep.equal([
      ['News', bounds],
      ['Offers', { size: 3, ttlMs: 5_000 }],
    ])
    const own = await logs.opened()
    const close = own.close.bind(own)
    let closes = 0
    own.close = () => {
      closes++
      return close()
    }
    await logs.stop()
    expect(closes).to.equal(1)
  })

  it('are not waited for any more where the only channel was removed', () => {
    logs.keep('News', bounds)
    logs.keep('News', undefined)
    expect(logs.isReady).to.equal(true)
  })

  it('are opened by a channel that is added to a server that runs, and keep its bounds', async () => {
    await logs.start()
    logs.keep('News', { size: 2, ttlMs: 1_000_000 })
    expect(opened).to.equal(1)
    await logs.ready()
    const kept: unknown[] = []
    const own = await logs.opened()
    own.keep = (channel, given) => void kept.push([channel, given])
    logs.keep('Offers', bounds)
    logs.keep('News', undefined)
    await waitFor(() => kept.length === 2)
    expect(kept).to.deep.equal([
      ['Offers', bounds],
      ['News', undefined],
    ])
  })

  it('refuse calls as not started, with what is wrong, and are opened again by the next one', async () => {
    fault = new BusyError('the file is away')
    const refused = await failureOf(logs.ready())
    expect(refused).to.be.instanceOf(Refused)
    expect((refused as unknown as Refused).error).to.be.instanceOf(BusyError)
    expect(String((refused as unknown as Refused).error)).to.include(
      'the store of data cannot be used for durable channels: the file is away',
    )
    fault = new TypeError('a secret path')
    const other = (await failureOf(logs.ready())) as unknown as Refused
    expect((other.error as Error).message).to.equal('the store of data cannot be used for durable channels')
    fault = undefined
    await logs.ready()
    expect(opened).to.equal(3)
  })

  it('start only where the store can be used, and stop where it could not', async () => {
    logs.keep('News', bounds)
    fault = new BusyError('the file is away')
    expect(await failureOf(logs.start())).to.equal(fault)
    expect(logs.isReady).to.equal(false)
    await logs.stop()
  })

  it('tell of news until that is ended, also where it ends before they are open', async () => {
    const heard: LogNews[] = []
    const early: LogNews[] = []
    logs.watch(room, (news) => early.push(news))()
    const end = logs.watch(room, (news) => heard.push(news))
    await logs.append(message)
    await waitFor(() => heard.some(({ offset }) => offset === 1))
    end()
    const count = heard.length
    await logs.append(message)
    await logs.after(room, 0, 10)
    expect([heard.length, early.length]).to.deep.equal([count, 0])
  })

  it('do not complain of a watcher where they cannot be opened', async () => {
    fault = new BusyError('the file is away')
    const end = logs.watch(room, () => undefined)
    await failureOf(logs.after(room, 0, 1))
    end()
    expect(reported).to.deep.equal([])
  })

  it('know a copy of the file by its inode and the time of its birth', async () => {
    await logs.ready()
    const { ino, birthtimeMs } = statSync(file)
    expect(await places()).to.deep.equal([{ place: `${ino}:${Math.floor(birthtimeMs)}` }])
    expect(warned).to.deep.equal([])
  })

  it('say so where a PostgreSQL hides what tells a restored database from the former one', async () => {
    const asked: string[] = []
    let isHidden = true
    store = (own) => ({
      ...own,
      isPostgres: true,
      read: async (sql, values) => {
        asked.push(sql)
        if (!sql.includes('pg_control_system')) return own.read(sql, values)
        if (isHidden) throw new Error('permission denied')
        return [{ system_identifier: 1 }]
      },
    })
    await logs.ready()
    expect(asked[0]).to.equal('select system_identifier from pg_control_system()')
    expect(warned).to.have.length(1)
    expect(warned[0]).to.include('the store hides pg_control_system()')
    isHidden = false
    const next = another()
    await next.ready()
    await next.stop()
    expect(
      asked.filter((sql) => sql === asked[0]),
      'asked',
    ).to.have.length(2)
    expect(warned, 'the second time').to.have.length(1)
  })
})
