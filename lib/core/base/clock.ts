// Time as an argument: everything that waits takes a Clock, so that tests can run it in virtual time.
import { runClean } from './async-context.ts'
import { followSignal } from './followed-signals.ts'
import { calendarNow, clearTimeout, monotonicNow, setImmediate, setTimeout } from './platform-timers.ts'

/** A timer that has been set. Cancelling it again is harmless. */
export interface Timer {
  cancel(): void
  /** Whether this timer alone keeps the process running. */
  keepProcessAlive(keep: boolean): void
}

/** The source of time. `now` is monotonic milliseconds from an arbitrary start. */
export interface Clock {
  now(): number
  setTimer(run: () => void, delayMs: number): Timer
  /** Runs after the data waiting in the sockets was read. Default: a timer of 0 ms. */
  afterSockets?(run: () => void): void
  /** Milliseconds since 1970, for calendar time. Default: the platform's calendar. */
  wallNow?(): number
}

/** The longest delay that a platform timer takes; longer ones would fire immediately. */
const longestDelayMs = 2 ** 31 - 1

class PlatformTimer implements Timer {
  readonly #handle: ReturnType<typeof setTimeout>

  constructor(run: () => void, delayMs: number) {
    this.#handle = setTimeout(run, Math.min(Math.max(0, delayMs), longestDelayMs))
    this.keepProcessAlive(false)
  }

  cancel(): void {
    clearTimeout(this.#handle)
  }

  keepProcessAlive(keep: boolean): void {
    // Browsers return a number, without `ref`.
    const handle = this.#handle as { ref?(): void; unref?(): void }
    if (keep) handle.ref?.()
    else handle.unref?.()
  }
}

/**
 * The platform's own time. Its timers do not keep the process alive unless asked to, and run outside any caller's context:
 * a timer may guard all calls, and does not belong to the call that set it.
 */
export const platformClock: Clock = {
  now: monotonicNow,
  setTimer: (run, delayMs) => runClean(startTimer, { run, delayMs }),
  afterSockets,
  wallNow: calendarNow,
}

function startTimer({ run, delayMs }: { readonly run: () => void; readonly delayMs: number }): Timer {
  return new PlatformTimer(run, delayMs)
}

/** Node reads its sockets between timers and immediates. */
const hasImmediates = 'setImmediate' in globalThis
/** A browser has no such phase: the data it has received arrives soon after a page is thawed. */
const thawMs = 50

function afterSockets(run: () => void): void {
  if (hasImmediates) setImmediate(run)
  else setTimeout(run, thawMs)
}

/** Waits on a clock. Rejects with the signal's reason if it aborts first. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal, keepProcessAlive = false): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const timer = clock.setTimer(() => {
      unfollow()
      resolve()
    }, delayMs)
    timer.keepProcessAlive(keepProcessAlive)
    const unfollow = followSignal(signal, () => {
      timer.cancel()
      reject(signal?.reason)
    })
  })
}
