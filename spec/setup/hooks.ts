// Root hooks: a spec that leaves a socket, server, child process or timer open fails, with the list of what it left.
import type { Context, Done, RootHookObject, Test } from 'mocha'
import type { OpenResources } from './open-resources.ts'
import { CreationStacks, leakedSince, openResources } from './open-resources.ts'

const graceMs = 1_000
const pollEveryMs = 5
const hookTimeoutMs = 10_000

/** What scripts/mocha-reporter.mjs puts on the root context; absent under other reporters. */
interface SpecFailing {
  failSpec?(spec: Test, error: Error): void
}

export const mochaHooks: RootHookObject = leakCheck()

function leakCheck(): RootHookObject {
  const stacks = process.env['LEAK_STACKS'] ? new CreationStacks() : undefined
  let beforeAll: OpenResources
  let beforeSpec: OpenResources

  // All four take `done`: mocha then runs its own timer around every one of them, so that it counts on both sides.
  return {
    beforeAll(done: Done) {
      // Node opens these when they are first used, which must not look like a leak of the spec that prints first.
      void process.stdout
      void process.stderr
      beforeAll = openResources()
      done()
    },

    beforeEach(done: Done) {
      stacks?.forget()
      beforeSpec = openResources()
      done()
    },

    afterEach(this: Context & SpecFailing, done: Done) {
      const spec = this.currentTest
      if (spec?.state !== 'passed') return done() // a spec that failed half-way cleans up nothing
      this.timeout(hookTimeoutMs)
      whatLeaked(beforeSpec).then((leaked) => {
        if (leaked.length === 0) return done()
        const error = leakError('the spec', [...leaked, ...(stacks?.describe() ?? [])])
        if (this.failSpec === undefined) return done(error)
        this.failSpec(spec, error)
        done()
      }, done)
    },

    afterAll(this: Context, done: Done) {
      stacks?.close()
      if (anyFailed(this)) return done()
      this.timeout(hookTimeoutMs)
      whatLeaked(beforeAll).then((leaked) => {
        if (leaked.length === 0) return done()
        done(leakError('a before or after hook, or a module that a spec loads,', leaked))
      }, done)
    },
  }
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
