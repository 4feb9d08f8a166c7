// Mocha's TAP reporter, which also says which spec file runs now (for the recorder of recorder.ts, in this process and, by a file, in
// those that specs start), how long each took, and which failed.
import { appendFileSync, writeFileSync } from 'node:fs'
import { relative } from 'node:path'
import Mocha from 'mocha'

const { ISOCK_HITS_CURRENT: current, ISOCK_HITS_TIMES: times } = process.env

export default class HitReporter extends Mocha.reporters.TAP {
  constructor(runner, options) {
    super(runner, options)
    let file
    let startedAt = performance.now()
    const enter = (next) => {
      if (next === undefined || next === file) return
      const now = performance.now()
      if (file !== undefined) this.#write('took', file, Math.round(now - startedAt))
      startedAt = now
      file = next
      globalThis.__isockSpec = nameOf(file)
      writeFileSync(current, nameOf(file))
    }
    for (const event of ['suite', 'hook', 'test']) runner.on(event, ({ file: next }) => enter(next))
    runner.on('fail', ({ file: failed }) => this.#write('failed', failed ?? file, 0))
    runner.once('end', () => enter(''))
  }

  #write(what, file, ms) {
    appendFileSync(times, `${what} ${ms} ${nameOf(file)}\n`)
  }
}

const nameOf = (file) => relative(process.cwd(), file).replaceAll('\\', '/')
