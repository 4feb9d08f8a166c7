// Who deletes sessions whose server is gone: not one that has just come back to the store itself, as all others may have.
import { expect } from 'chai'
import { VirtualClock } from 'isock/testing'
import { resolveLimits } from '../../../lib/core/base/options.ts'
import type { ServerKit } from '../../../lib/core/server/feature.ts'
import { ClassRegistry } from '../../../lib/core/wire/rich/class-registry.ts'
import type { Row } from '../../../lib/features/data/durable/durable-store.ts'
import { KeptSessions } from '../../../lib/features/data/durable/kept-sessions.ts'
import { storeOver } from './store-over.ts'

const minuteMs = 60_000

describe('The rows of sessions whose server is gone', () => {
  let statements: string[]
  let isAway: boolean
  let clock: VirtualClock
  let sessions: KeptSessions

  beforeEach(async () => {
    statements = []
    isAway = false
    clock = new VirtualClock()
    const run = async (sql: string): Promise<readonly Row[]> => {
      if (isAway) throw new Error('the store is away')
      statements.push(sql)
      return []
    }
    const kit = {
      clock,
      limits: resolveLimits({ sessionLeaseMs: 2 * minuteMs }),
      classes: new ClassRegistry(),
      log: { warn: () => undefined },
    } as unknown as ServerKit
    sessions = new KeptSessions(kit, storeOver(run))
    await sessions.start()
  })

  afterEach(() => sessions.stop())

  /** Whether servers were judged since the last time, and whether sessions without a link were looked for. */
  function judged(): { servers: boolean; sessions: boolean } {
    const texts = statements.splice(0)
    return {
      servers:
        texts.some((sql) => sql.includes('not exists')) &&
        texts.some((sql) => sql.startsWith('delete from isock_node')),
      sessions: texts.some((sql) => sql.includes('cut_at is not null')),
    }
  }

  it('stay until this server has reached the store for as long as others may be silent', async () => {
    expect(judged()).to.deep.equal({ servers: false, sessions: true })
    await clock.advance(4 * minuteMs)
    expect(judged()).to.deep.equal({ servers: false, sessions: true })
    await clock.advance(2 * minuteMs)
    expect(judged()).to.deep.equal({ servers: true, sessions: true })
  })

  it('stay when the store was away', async () => {
    await clock.advance(6 * minuteMs)
    expect(judged().servers).to.equal(true)
    isAway = true
    await clock.advance(10 * minuteMs)
    isAway = false
    await clock.advance(4 * minuteMs)
    expect(judged()).to.deep.equal({ servers: false, sessions: true })
    await clock.advance(3 * minuteMs)
    expect(judged().servers).to.equal(true)
  })
})
