// What the store learns of a session of this server, when, and that a store which is away is no fault of the session's.
import { expect } from 'chai'
import { VirtualClock } from 'isock/testing'
import { resolveLimits } from '../../../lib/core/base/options.ts'
import type { ServerKit } from '../../../lib/core/server/feature.ts'
import type { ServerSession } from '../../../lib/core/server/server-session.ts'
import { ClassRegistry } from '../../../lib/core/wire/rich/class-registry.ts'
import type { Row } from '../../../lib/features/data/durable/durable-store.ts'
import { KeptSessions } from '../../../lib/features/data/durable/kept-sessions.ts'
import { failureOf } from '../../setup/world.ts'
import { storeOver } from './store-over.ts'

interface FakeSession {
  readonly core: {
    grant: object | undefined
    isEnded: boolean
    onAcknowledged: unknown
  }
  isConnected: boolean
}

describe('The row of a session', () => {
  const away = new Error('the store is away')
  let statements: string[]
  let warnings: unknown[]
  let isAway: boolean
  let whileInserting: () => void
  let sessions: KeptSessions
  let fake: FakeSession
  let session: ServerSession

  beforeEach(async () => {
    statements = []
    warnings = []
    isAway = false
    whileInserting = () => undefined
    const run = async (sql: string): Promise<readonly Row[]> => {
      if (isAway) throw away
      if (sql.startsWith('insert into isock_session')) whileInserting()
      statements.push(sql)
      return sql.startsWith('select') ? [] : [{}]
    }
    const kit = {
      clock: new VirtualClock(),
      limits: resolveLimits({}),
      classes: new ClassRegistry(),
      log: { warn: (fields: unknown) => warnings.push(fields) },
    } as unknown as ServerKit
    sessions = new KeptSessions(kit, storeOver(run))
    await sessions.start()
    statements = []
    const grant = { id: 'a session', resumeSecret: Uint8Array.of(1) }
    fake = { core: { grant, isEnded: false, onAcknowledged: undefined }, isConnected: true }
    session = fake as unknown as ServerSession
    warnings = []
  })

  afterEach(() => sessions.stop())

  /** What was done to rows of sessions since the last time. */
  const done = async (): Promise<string[]> => {
    await sessions.settled()
    const learnt = statements.splice(0).filter((sql) => sql.includes(' isock_session '))
    return learnt.map((sql) => {
      if (!sql.startsWith('update')) return sql.slice(0, sql.indexOf(' '))
      return sql.includes('node = null') ? 'let go' : sql.includes('cut_at = null') ? 'linked' : 'cut'
    })
  }

  it('is written once, however many calls begin meanwhile', async () => {
    const [first, second] = await Promise.all([sessions.begin(session), sessions.begin(session)])
    expect(second).to.equal(first)
    expect(sessions.begin(session)).to.equal(first)
    expect(sessions.isKept(session)).to.equal(true)
    expect(fake.core.onAcknowledged).to.be.a('function')
    expect(await done()).to.deep.equal(['insert'])
  })

  it('learns that the link was cut while it was written', async () => {
    whileInserting = () => {
      fake.isConnected = false
    }
    await sessions.begin(session)
    expect(await done()).to.deep.equal(['insert', 'cut'])
  })

  it('is deleted where the session has another secret by then, and written again', async () => {
    whileInserting = () => {
      whileInserting = () => undefined
      fake.core.grant = { id: 'a session', resumeSecret: Uint8Array.of(2) }
    }
    await sessions.begin(session)
    expect(await done()).to.deep.equal(['insert', 'delete', 'insert'])
  })

  it('is deleted where the session has ended by then, whose calls do not start', async () => {
    whileInserting = () => {
      fake.core.isEnded = true
    }
    const failure = await failureOf(Promise.resolve(sessions.begin(session)))
    expect(failure).to.include({ code: 'SESSION_ENDED' })
    expect(sessions.isKept(session)).to.equal(false)
    expect(await done()).to.deep.equal(['insert', 'delete'])
  })

  it('goes with the session, unless that was given away', async () => {
    await sessions.begin(session)
    sessions.changed(session, 'ended')
    expect(sessions.isKept(session)).to.equal(false)
    expect(await done()).to.deep.equal(['insert', 'delete'])
    await sessions.begin(session)
    sessions.release(session)
    sessions.changed(session, 'ended')
    expect(await done()).to.deep.equal(['insert', 'let go'])
  })

  it('is forgotten when the session is another server’s to keep', async () => {
    await sessions.begin(session)
    await sessions.forget(session)
    expect(sessions.isKept(session)).to.equal(false)
    expect(fake.core.onAcknowledged).to.equal(undefined)
    expect(await done()).to.deep.equal(['insert', 'delete'])
    await sessions.forget(session)
    expect(await done()).to.deep.equal([])
  })

  it('may miss something while the store is away, which the log says once', async () => {
    await sessions.begin(session)
    isAway = true
    sessions.changed(session, 'cut')
    await sessions.settled()
    expect(warnings).to.deep.equal([{ error: away }])
    isAway = false
    sessions.changed(session, 'cut')
    expect(await done()).to.deep.equal(['insert', 'cut'])
    expect(warnings).to.have.length(1)
  })
})
