// Pages of sessions, of which a server's memory and the store know some each: their order, their place and their ages.
import { expect } from 'chai'
import { BusyError } from 'isock'
import type { ServerKit } from '../../lib/core/server/feature.ts'
import type { PageAfter, RecordedSession } from '../../lib/core/server/recorded-sessions.ts'
import type { ServerSession } from '../../lib/core/server/server-session.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { refuse, SessionPages, type SessionTimes } from '../../lib/features/inspection/session-pages.ts'
import { failureOf } from '../setup/world.ts'

const own = 'ownnode-0123'

interface Here {
  readonly id: string
  readonly isConnected?: boolean
  readonly name?: string
  readonly identity?: { readonly id: string }
  readonly running?: number
  readonly answer?: string
  readonly times?: SessionTimes
}

/** A server with sessions in memory, and a store with recorded ones. */
class Scene {
  here: Here[] = []
  recorded: RecordedSession[] = []
  hasStore = true
  hasWall = true
  failure: Error | undefined
  readonly asked: PageAfter<string>[] = []

  get pages(): SessionPages {
    const recording = {
      node: own,
      list: async (page: PageAfter<string>) => {
        this.asked.push(page)
        if (this.failure !== undefined) throw this.failure
        return this.recorded.filter(({ id }) => id > page.after).slice(0, page.limit)
      },
    }
    const times = new Map<unknown, SessionTimes | undefined>()
    const sessions = this.here.map(({ id, isConnected = true, name, identity, running = 0, answer, times: own }) => {
      const all = answer === undefined ? [] : [{ answer: { kind: Kind.Result, value: answer } }]
      const session = { id, isConnected, name, identity, core: { runningCount: running, asked: { calls: { all } } } }
      times.set(session, own)
      return session
    })
    const kit = {
      clock: { now: () => 1_000, wallNow: this.hasWall ? () => 50_000 : undefined },
      sessions,
      sharedStore: this.hasStore ? { recordedSessions: () => recording } : undefined,
    }
    return new SessionPages(kit as unknown as ServerKit, (session: ServerSession) => times.get(session))
  }

  async ids(after: string, limit: number): Promise<readonly [string, string | undefined]> {
    const { sessions, next } = await this.pages.read({ after, limit })
    return [sessions.map(({ id }) => id).join(' '), next]
  }

  async only() {
    const { sessions } = await this.pages.read({ after: '', limit: 9 })
    expect(sessions).to.have.length(1)
    return sessions[0]
  }
}

const recordedOf = (id: string, more: Partial<RecordedSession> = {}): RecordedSession => ({
  id,
  identity: undefined,
  node: own,
  isNodeAlive: true,
  generation: 40_000,
  cutAtMs: undefined,
  answers: 3,
  bytes: 30,
  ...more,
})

describe('The pages of sessions', () => {
  let scene: Scene

  beforeEach(() => {
    scene = new Scene()
  })

  it('say all that is known of a session in memory', async () => {
    scene.hasStore = false
    scene.here = [
      {
        id: 'a'.repeat(32),
        name: 'app',
        identity: { id: 'ann' },
        running: 2,
        answer: '12345',
        times: { openedAtMs: 400, cutAtMs: undefined },
      },
      { id: 'b', isConnected: false, times: { openedAtMs: 400.6, cutAtMs: 900 } },
      { id: 'c', isConnected: false },
    ]
    expect(await scene.pages.read({ after: '', limit: 9 })).to.deep.equal({
      sessions: [
        {
          id: 'a'.repeat(16),
          place: 'connected',
          isRecorded: false,
          identity: 'ann',
          name: 'app',
          ageMs: 600,
          running: 2,
          answers: 1,
          bytes: 5,
        },
        {
          id: 'b',
          place: 'away',
          isRecorded: false,
          ageMs: 599,
          awayMs: 100,
          running: 0,
          answers: 0,
          bytes: 0,
        },
        { id: 'c', place: 'away', isRecorded: false, running: 0, answers: 0, bytes: 0 },
      ],
      isRecording: false,
    })
  })

  it('say what the store knows of one that is here too', async () => {
    scene.here = [
      {
        id: 'a',
        name: 'app',
        identity: { id: 'ann' },
        running: 2,
        answer: '1',
        times: { openedAtMs: 1, cutAtMs: undefined },
      },
    ]
    scene.recorded = [recordedOf('a', { identity: 'bob', cutAtMs: 45_000 })]
    const listed = {
      id: 'a',
      place: 'connected',
      isRecorded: true,
      identity: 'bob',
      name: 'app',
      node: 'ownnode-',
      generation: 40_000,
      ageMs: 10_000,
      running: 2,
      answers: 3,
      bytes: 30,
    }
    expect(await scene.pages.read({ after: '', limit: 9 })).to.deep.equal({
      sessions: [listed],
      isRecording: true,
      node: 'ownnode-',
    })
    scene.recorded = [recordedOf('a')]
    expect(await scene.only()).to.include({ identity: 'ann' })
  })

  it('say of one that is away since when it has no link: its server knows it best', async () => {
    scene.here = [{ id: 'a', isConnected: false, running: 1, times: { openedAtMs: 1, cutAtMs: 990 } }]
    scene.recorded = [recordedOf('a', { cutAtMs: 45_000 })]
    expect(await scene.only()).to.include({ place: 'away', ageMs: 10_000, awayMs: 10, running: 1 })
  })

  it('say where one is that another server has: the store is right', async () => {
    scene.here = [{ id: 'a', name: 'app', running: 4, times: { openedAtMs: 1, cutAtMs: 990 } }]
    scene.recorded = [recordedOf('a', { node: 'other-node-1', cutAtMs: 45_000 })]
    const elsewhere = await scene.only()
    expect(elsewhere).to.deep.equal({
      id: 'a',
      place: 'elsewhere',
      isRecorded: true,
      node: 'other-no',
      generation: 40_000,
      ageMs: 10_000,
      awayMs: 5_000,
      running: 0,
      answers: 3,
      bytes: 30,
    })
    scene.recorded = [recordedOf('a', { node: 'other-node-1', isNodeAlive: false })]
    expect(await scene.only())
      .to.include({ place: 'stored', running: 0 })
      .and.not.have.property('awayMs')
    scene.recorded = [recordedOf('a', { node: undefined, isNodeAlive: false })]
    expect(await scene.only())
      .to.include({ place: 'stored' })
      .and.not.have.property('node')
    scene.here = []
    scene.recorded = [recordedOf('a')]
    expect(await scene.only()).to.include({ place: 'stored' })
  })

  it('have ages that are not negative, by the time of the platform where the clock has no calendar', async () => {
    scene.recorded = [recordedOf('a', { node: undefined, generation: 60_000, cutAtMs: 60_000 })]
    expect(await scene.only()).to.include({ ageMs: 0, awayMs: 0 })
    scene.hasWall = false
    expect((await scene.only())?.ageMs).to.be.above(1_600_000_000_000)
  })

  it('are in the order of ids, each once, wherever they are known', async () => {
    scene.here = ['e', 'c', 'a', 'd'].map((id) => ({ id }))
    scene.recorded = ['b', 'c', 'f'].map((id) => recordedOf(id))
    expect(await scene.ids('', 9)).to.deep.equal(['a b c d e f', undefined])
    expect(await scene.ids('', 6)).to.deep.equal(['a b c d e f', undefined])
    expect(await scene.ids('', 5)).to.deep.equal(['a b c d e', 'e'])
    expect(await scene.ids('c', 2)).to.deep.equal(['d e', 'e'])
    expect(await scene.ids('e', 2)).to.deep.equal(['f', undefined])
    expect(await scene.ids('f', 2)).to.deep.equal(['', undefined])
  })

  it('ask the store for one more, after all ids that begin with the digits', async () => {
    scene.recorded = ['ab', 'abc', 'b'].map((id) => recordedOf(id))
    scene.here = ['abd', 'abf', 'ac'].map((id) => ({ id }))
    expect(await scene.ids('ab', 9)).to.deep.equal(['ac b', undefined])
    await scene.ids('', 3)
    expect(scene.asked).to.deep.equal([
      { after: 'abg', limit: 10 },
      { after: '', limit: 4 },
    ])
  })

  it('go on after the first 16 digits of the last one', async () => {
    scene.here = ['a', 'b'].map((digit) => ({ id: digit.repeat(32) }))
    expect(await scene.ids('', 1)).to.deep.equal(['a'.repeat(16), 'a'.repeat(16)])
    expect(await scene.ids('a'.repeat(16), 1)).to.deep.equal(['b'.repeat(16), undefined])
  })

  it('have the lowest ids of memory in whatever order it has them', async () => {
    for (const order of ['abcdef', 'fedcba', 'cafebd', 'badcfe', 'dfbeac']) {
      scene.here = [...order].map((id) => ({ id }))
      expect(await scene.ids('', 2)).to.deep.equal(['a b', 'b'])
      expect(await scene.ids('b', 3)).to.deep.equal(['c d e', 'e'])
    }
  })

  it('are an error where the store does not answer', async () => {
    scene.failure = new Error('away')
    const error = await failureOf(scene.pages.read({ after: '', limit: 1 }))
    expect(error).to.be.instanceOf(BusyError)
    expect(error.message).to.equal('the store of sessions did not answer: away')
    expect(() => refuse('gone')).to.throw(BusyError, 'the store of sessions did not answer: gone')
  })
})
