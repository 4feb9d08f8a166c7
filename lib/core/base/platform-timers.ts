// The platform's timers and clocks, captured when this module is loaded. The library waits with these only: a test that
// fakes the global ones later (vitest, sinon) must not stop sockets from closing or memory links from delivering.

type Later = (run: () => void) => void

const { performance } = globalThis

export const setTimeout = globalThis.setTimeout
export const clearTimeout = globalThis.clearTimeout
export const queueMicrotask: Later = globalThis.queueMicrotask
/** Runs after pending input; on platforms without it, as in browsers, after a timer of 0 ms. */
export const setImmediate: Later = globalThis.setImmediate ?? ((run: () => void) => void setTimeout(run, 0))
/** Runs after other work has had its turn: in a page also input and painting. */
export const nextTurn: Later = globalThis.setImmediate ?? inMessage
/** Runs when the current tick's synchronous work is done. */
export const nextTick: Later = globalThis.process?.nextTick ?? queueMicrotask
/** Monotonic milliseconds. */
export const monotonicNow: () => number = performance.now.bind(performance)
/** Milliseconds since 1970. */
export const calendarNow: () => number = Date.now

/** Not a timer: browsers delay nested timers by 4 ms, and timers of hidden pages by a second. */
function inMessage(run: () => void): void {
  const { port1, port2 } = new MessageChannel()
  const heard = port1 as unknown as { onmessage: () => void }
  heard.onmessage = () => {
    port1.close()
    run()
  }
  port2.postMessage(undefined)
}
