// The warning that a server was busy for more than a second, and what it names.
import { expect } from 'chai'
import { BusyWatch, busyMs, quietMs, tickMs } from '../../lib/core/server/busy-watch.ts'
import { Action, Client, type Logger, Server } from '../../lib/index.ts'
import { longIt } from '../setup/long.ts'
import { waitFor } from '../setup/wait-for.ts'

describe('The watch over a busy event loop', () => {
  let nowMs: number
  let cpuMs: number
  let activeMs: number
  let warnings: [fields: object, message: string][]
  let longest: { action: string | undefined; tookMs: number }
  let lastStarted: string | undefined
  let ring: (() => void) | undefined
  let cancelled: number

  beforeEach(() => {
    nowMs = cpuMs = activeMs = cancelled = 0
    warnings = []
    longest = { action: undefined, tookMs: 0 }
    lastStarted = undefined
    ring = undefined
  })

  function watch(isVirtual = false): BusyWatch {
    const clock = {
      now: () => nowMs,
      setTimer: (run: () => void) => {
        ring = run
        return { cancel: () => void cancelled++, keepProcessAlive: () => undefined }
      },
    }
    const known = { name: 'Resize' }
    const made = new BusyWatch({
      clock,
      isVirtual,
      log: { warn: (fields, message) => void warnings.push([fields, message]) },
      runs: {
        get lastStarted() {
          return lastStarted
        },
        takeLongest: () => longest,
      },
      registry: { find: (name) => (name === known.name ? (known as never) : undefined) },
      spent: { cpuMs: () => cpuMs, activeMs: () => activeMs },
    })
    made.onListening()
    return made
  }

  /** The timer fires this late, after this processor time and this time outside of waits. */
  function tick(lateMs: number, computedMs = lateMs, outsideMs = lateMs): void {
    nowMs += tickMs + lateMs
    cpuMs += computedMs
    activeMs += outsideMs
    ring?.()
  }

  it('warns when the timer is late by a second that the process computed, and not before', () => {
    watch()
    tick(busyMs - 1)
    expect(warnings).to.deep.equal([])
    tick(busyMs)
    expect(warnings).to.deep.equal([
      [
        { ms: busyMs },
        'the event loop was busy for more than 1 s, and served nobody; move what computes to a worker thread',
      ],
    ])
  })

  it('does not take a process that was suspended for a busy one', () => {
    watch()
    tick(60_000, 0, 0) // suspended while it waited
    tick(60_000, 0) // suspended within a handler
    tick(60_000, 60_000, 0) // its other threads computed
    expect(warnings).to.deep.equal([])
  })

  it('names the action that ran then, and says what to do', () => {
    watch()
    longest = { action: 'Resize', tookMs: 1_900 }
    lastStarted = 'Other'
    tick(2_000)
    const [[fields, message] = []] = warnings
    expect(fields).to.deep.equal({ ms: 2_000, action: 'Resize' })
    expect(message).to.match(/; action "Resize" ran then; run it in a thread: static threaded = import\.meta\.url$/)
  })

  it('names the action that started last as such where none ran for so long', () => {
    watch()
    longest = { action: 'Other', tookMs: 100 }
    lastStarted = 'Resize'
    tick(2_000)
    expect(warnings[0]?.[1]).to.include('the last action that started was "Resize"; if it computes, run it in a thread')
  })

  it('does not log names that only a peer knows', () => {
    watch()
    longest = { action: 'evil\nline', tookMs: 2_000 }
    lastStarted = 'evil\nline'
    tick(2_000)
    expect(warnings[0]?.[0]).to.deep.equal({ ms: 2_000 })
    expect(warnings[0]?.[1]).to.not.include('evil')
  })

  it('warns once in a while, with the number of what was left out', () => {
    watch()
    tick(2_000)
    for (let ms = 0; ms + 2 * (2_000 + tickMs) < quietMs; ms += 2_000 + tickMs) tick(2_000)
    expect(warnings).to.have.length(1)
    const leftOut = Math.ceil(quietMs / (2_000 + tickMs)) - 1 - 1
    tick(quietMs)
    expect(warnings[1]?.[0]).to.deep.equal({ ms: quietMs, unreported: leftOut })
    nowMs += quietMs
    ring?.()
    expect(warnings).to.have.length(2)
  })

  it('ends with the server, and watches nothing by a clock that is not the platform’s', () => {
    const ended = watch()
    ended.onDrained()
    ended.onDrained()
    expect(cancelled).to.equal(1)
    ring = undefined
    watch(true)
    expect(ring).to.equal(undefined)
  })
})

class Compute extends Action {
  action(): void {
    // By processor time too: another program may have the processor meanwhile.
    const [startMs, start] = [performance.now(), process.cpuUsage()]
    const isLong = (): boolean => {
      const { user, system } = process.cpuUsage(start)
      return performance.now() - startMs > 1_600 && (user + system) / 1_000 > 1_600
    }
    while (!isLong());
  }
}

class Idle extends Action {
  action(): void {}
}

describe('A server whose action computes', () => {
  longIt('warns of it by its name, although others ran since', async () => {
    const warnings: [object, string][] = []
    const quiet = (): void => undefined
    const log: Logger = { debug: quiet, info: quiet, error: quiet, warn: (...line) => void warnings.push(line) }
    await using server = new Server('127.0.0.1', 0, { log })
    server.addAction(new Compute())
    server.addAction(new Idle())
    await server.listen()
    await using client = new Client(server.addresses[0] as string)
    await Promise.all([client.runAction(Compute), client.runAction(Idle)])
    await waitFor(() => warnings.length > 0)
    expect(warnings[0]?.[0]).to.include({ action: 'Compute' })
    expect(warnings[0]?.[1]).to.include('action "Compute" ran then')
  }).timeout(60_000)
})
