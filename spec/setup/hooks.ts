// Root hooks: a spec fails that leaves a socket, server, child process or timer open, with the list of what it left,
// and one whose promise rejected with nobody listening.
import { inspect } from 'node:util'
import type { Context, Done, RootHookObject, Test } from 'mocha'
import { CreationStacks, leakedSince, type OpenResources, openResources } from './open-resources.ts'

/** For what ends by itself after a spec: the timer by which a pool closes its idle connections after 30 s, and they take up to 5 s. */
const graceMs = 45_000
const pollEveryMs = 5
const hookTimeoutMs = 120_000
/** Timeouts of specs are bounds for what hangs: shorter ones would only fail on a busy machine. */
const leastTimeoutMs = 120_000
/** Longer than afterAll may take. */
const hangAfterMs = 150_000

/** What scripts/mocha-reporter.mjs puts on the root context; absent under other reporters. */
interface SpecFailing {
  failSpec?(spec: Test, error: Error): void
}

export const mochaHooks: RootHookObject = leakCheck()

/** What servers without a log print of errors that specs provoke. `SPEC_LOG=1` lets it through. */
function silenceConsole(): void {
  if (process.env['SPEC_LOG']) return
  const { error } = console
  console.error = (...args: unknown[]) => {
    if (typeof args[0] !== 'string' || !args[0].startsWith('isock: ')) error.apply(console, args)
  }
}

/** A spec that failed half-way may leave what keeps the process alive: under a reporter without a bound of its own, forever. */
function endWhereItHangs(): void {
  const end = (): void => {
    process.stderr.write(`the specs ended, their process did not: ${process.getActiveResourcesInfo().join(', ')}\n`)
    process.exit(1)
  }
  // It fires only where something else keeps the process alive.
  setTimeout(end, hangAfterMs).unref()
}

function leakCheck(): RootHookObject {
  const stacks = process.env['LEAK_STACKS'] ? new CreationStacks() : undefined
  const unhandled = new Map<Promise<unknown>, unknown>() // by promise, as mocha emits each a second time
  let beforeAll: OpenResources
  let beforeSpec: OpenResources

  // All four take `done`: mocha then runs its own timer around every one of them, so that it counts on both sides.
  return {
    beforeAll(done: Done) {
      // Mocha lets a spec pass whose promise rejects with nobody listening.
      process.on('unhandledRejection', (reason, promise) => unhandled.set(promise, reason))
      // Node opens these when they are first used, which must not look like a leak of the spec that prints first.
      silenceConsole()
      void process.stdout
      void process.stderr
      beforeAll = openResources()
      done()
    },

    beforeEach(this: Context, done: Done) {
      const spec = this.currentTest
      if (spec !== undefined && spec.timeout() > 0 && spec.timeout() < leastTimeoutMs) spec.timeout(leastTimeoutMs)
      stacks?.forget()
      beforeSpec = openResources()
      done()
    },

    afterEach(this: Context & SpecFailing, done: Done) {
      const spec = this.currentTest
      const hook = this.test
      this.timeout(hookTimeoutMs)
      const check = async (): Promise<void> => {
        const passed = spec?.state === 'passed' // one that failed half-way cleans up nothing
        const leaked = passed ? await whatLeaked(beforeSpec) : []
        const rejected = takeRejections(unhandled)
        if (spec === undefined || !passed) return
        const error =
          rejected ??
          (leaked.length > 0 ? leakError('the spec', [...leaked, ...(stacks?.describe() ?? [])]) : undefined)
        if (error === undefined) return
        if (this.failSpec === undefined) throw error
        this.failSpec(spec, error)
      }
      check().then(() => {
        if (!hook?.isFailed()) done() // failed by something thrown meanwhile: mocha has gone on
      }, done)
    },

    afterAll(this: Context, done: Done) {
      endWhereItHangs()
      stacks?.close()
      this.timeout(hookTimeoutMs)
      const check = async (): Promise<void> => {
        const leaked = anyFailed(this) ? [] : await whatLeaked(beforeAll)
        const rejected = takeRejections(unhandled)
        if (rejected !== undefined) throw rejected
        if (leaked.length > 0) throw leakError('a before or after hook, or a module that a spec loads,', leaked)
      }
      check().then(() => done(), done)
    },
  }
}

/** The promises that rejected with nobody listening, as one error; and forgets them. */
function takeRejections(unhandled: Map<Promise<unknown>, unknown>): Error | undefined {
  if (unhandled.size === 0) return undefined
  const reasons = [...unhandled.values()].map((reason) => (reason instanceof Error ? reason.stack : inspect(reason)))
  unhandled.clear()
  const error = new Error([`${reasons.length} unhandled rejection(s):`, ...reasons].join('\n'))
  error.stack = error.message // the stack would show this file only
  return error
}

/** Sockets need some turns of the event loop to close: only what is still open after the grace is a leak. */
async function whatLeaked(before: OpenResources): Promise<string[]> {
  const startedAt = performance.now()
  let leaked = leakedSince(before)
  while (leaked.length > 0 && performance.now() - startedAt < graceMs) {
    await new Promise((resolve) => setTimeout(resolve, pollEveryMs))
    leaked = leakedSince(before)
  }
  return leaked
}

function leakError(who: string, leaked: readonly string[]): Error {
  const hint = process.env['LEAK_STACKS'] ? [] : ['(LEAK_STACKS=1 npm test shows where each was made)']
  const error = new Error([`${who} left open:`, ...leaked, ...hint].join('\n  '))
  error.stack = error.message // the stack would show this file only
  return error
}

function anyFailed(context: Context): boolean {
  let failed = false
  context.test?.parent?.eachTest((spec: Test) => {
    failed ||= spec.state === 'failed'
  })
  return failed
}
