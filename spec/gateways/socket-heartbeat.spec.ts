// When a WebSocket's client counts as gone. Time is the spec's own, and can leap, as it does where a process was stopped.
import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import type { WebSocket } from 'ws'
import type { Clock, Timer } from '../../lib/core/base/clock.ts'
import { SocketHeartbeat } from '../../lib/gateways/socket-heartbeat.ts'

class LeapingClock implements Clock {
  #nowMs = 0
  #timers: { readonly atMs: number; readonly run: () => void }[] = []

  get pendingCount(): number {
    return this.#timers.length
  }

  now(): number {
    return this.#nowMs
  }

  setTimer(run: () => void, delayMs: number): Timer {
    const timer = { atMs: this.#nowMs + delayMs, run }
    this.#timers.push(timer)
    const cancel = (): void => {
      this.#timers = this.#timers.filter((other) => other !== timer)
    }
    return { cancel, keepProcessAlive: () => undefined }
  }

  /** All at once: what is set meanwhile is not due yet. */
  leap(ms: number): void {
    this.#nowMs += ms
    const due = this.#timers.filter(({ atMs }) => atMs <= this.#nowMs)
    this.#timers = this.#timers.filter((timer) => !due.includes(timer))
    for (const { run } of due) run()
  }
}

class FakeSocket extends EventEmitter {
  readonly OPEN = 1
  readyState = 1
  isPaused = false
  pings = 0
  ping(): void {
    this.pings++
  }
}

describe('the watch for silence', () => {
  const limits = { heartbeatMs: 10, deadAfterMs: 30 }
  let clock: LeapingClock
  let socket: FakeSocket
  let reasons: string[]
  let taken: number
  let watch: SocketHeartbeat

  beforeEach(() => {
    clock = new LeapingClock()
    socket = new FakeSocket()
    reasons = []
    taken = 0
    watch = new SocketHeartbeat(socket as unknown as WebSocket, {
      clock,
      limits,
      takenCount: () => taken,
      onDead: (reason) => reasons.push(reason),
    })
  })

  const pass = (ticks: number, each: () => void = () => undefined): void => {
    for (let n = 0; n < ticks; n++) {
      each()
      clock.leap(10)
    }
  }

  it('asks, and gives up once', () => {
    pass(2)
    expect([socket.pings, reasons.length]).to.deep.equal([2, 0])
    pass(5)
    expect(reasons).to.deep.equal(['it was silent for 30 ms'])
    expect(clock.pendingCount).to.equal(0)
  })

  for (const sign of ['message', 'ping', 'pong']) {
    it(`hears a ${sign}`, () => {
      pass(20, () => socket.emit(sign))
      expect(reasons).to.deep.equal([])
    })
  }

  it('takes it for a sign of life that something was read', () => {
    pass(20, () => taken++)
    expect(reasons).to.deep.equal([])
    pass(3)
    expect(reasons).to.have.length(1)
  })

  it('expects nothing of a socket that is not read', () => {
    socket.isPaused = true
    pass(20)
    expect([socket.pings, reasons.length]).to.deep.equal([0, 0])
  })

  it('blames nobody for the time in which this process stood still', () => {
    pass(2)
    clock.leap(3_600_000)
    expect([socket.pings, reasons.length]).to.deep.equal([2, 0])
    // What came meanwhile is read now.
    socket.emit('pong')
    pass(2)
    expect(reasons).to.deep.equal([])
  })

  it('ends', () => {
    watch.stop()
    watch.stop()
    expect(clock.pendingCount).to.equal(0)
  })
})
