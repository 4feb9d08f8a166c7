// A client in another language, written against the document of the protocol only.
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { type Clock, platformClock, type Timer } from '../../lib/core/base/clock.ts'
import { skip } from '../setup/skip.ts'
import { waitFor } from '../setup/wait-for.ts'
import { type RawEvent, TracimWorld } from './tracim-world.ts'

const script = fileURLToPath(new URL('mini_client.py', import.meta.url))

/** Time as it is, but for the rounds of pings: the spec begins each, because a busy machine may take longer than any interval. */
class Rounds implements Clock {
  readonly everyMs = 3_600_000
  #next: (() => void) | undefined

  now(): number {
    return platformClock.now()
  }

  setTimer(run: () => void, delayMs: number): Timer {
    if (delayMs === this.everyMs) this.#next = run
    return platformClock.setTimer(run, delayMs)
  }

  begin(): void {
    this.#next?.()
  }
}

describe('a python client of the tracim daemon', function () {
  this.timeout(120_000)
  let world: TracimWorld
  let child: ChildProcess | undefined

  before(function () {
    if (spawnSync('python3', ['--version']).status === 0) return
    if (process.env['CI']) throw new Error('python3 is missing; where CI is set it has to be there')
    skip(this, 'python3 is not installed')
  })

  beforeEach(() => {
    world = new TracimWorld()
  })

  afterEach(async () => {
    child?.kill('SIGKILL')
    await world?.close()
  })

  it('registers, gets events, answers pings, asks, and leaves', async () => {
    const rounds = new Rounds()
    const daemon = await world.daemon({ pingIntervalMs: rounds.everyMs, clock: rounds })
    const path = world.path('python')
    child = spawn('python3', [script, world.masterPath, path], { stdio: ['pipe', 'pipe', 'inherit'] })
    const received: RawEvent[] = []
    let text = ''
    child.stdout?.setEncoding('utf8').on('data', (more: string) => {
      const lines = (text + more).split('\n')
      text = lines.pop() as string
      received.push(...lines.map((line) => JSON.parse(line)))
    })
    const ended = new Promise((resolve) => child?.once('close', resolve))
    const got = (type: string, count = 1) =>
      waitFor(() => received.filter((event) => event.type === type).length >= count, { timeoutMs: 8_000, what: type })

    await got('daemon_client_added')
    expect(received.slice(0, 2)).to.deep.equal([
      { type: 'daemon_account_info', path: world.masterPath, data: { user_id: '42' } },
      { type: 'daemon_client_added', path: world.masterPath, data: { path, pid: String(child.pid) } },
    ])
    // Its queue of connections has room for one: the daemon waits for its turn.
    const large = {
      event_id: 0,
      event_type: 'content.created.file',
      read: null,
      created: '',
      fields: 'é'.repeat(200_000),
    }
    daemon.publish(large)
    for (let id = 1; id <= 100; id++) daemon.publish({ ...large, event_id: id, fields: null })
    await got('daemon_tracim_event', 101)
    const events = received.filter(({ type }) => type === 'daemon_tracim_event').map(({ data }) => JSON.parse(data))
    expect(events.map((event) => event.event_id)).to.deep.equal([...Array(101).keys()])
    expect(events[0].fields).to.equal(large.fields)

    for (let round = 1; round <= 3; round++) {
      rounds.begin()
      await got('daemon_ping', round)
      expect(daemon.clients).to.have.length(1)
      // It answers what it gets in order: when it has this one, it has answered the ping.
      child.stdin?.write('daemon_get_clients\n')
      await got('daemon_clients', round)
      // And the daemon reads in order: when it answers this one, it has the answer to the ping.
      child.stdin?.write('daemon_ping\n')
      await got('daemon_pong', round)
    }

    child.stdin?.end()
    expect(await ended).to.equal(0)
    await waitFor(() => daemon.clients.length === 0)
  })
})
