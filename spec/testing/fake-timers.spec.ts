// Tests that fake the global timers, as vitest's and sinon's defaults do, while servers and clients live.
import { expect } from 'chai'
import { longIt } from '../setup/long.ts'
import { startScript } from '../setup/run-script.ts'

describe('Under fake timers', function () {
  this.slow(5_000)

  const run = async (manners: string, link: string) => {
    const script = startScript('spec/testing/fake-timers-program.ts', { args: [manners, link] })
    try {
      await script.printed(/all is closed/)
    } finally {
      script.kill()
      await script.ended
    }
    return script.stdout
  }

  for (const link of ['memory', 'tcp', 'a WebSocket', 'harness']) {
    const linkIt: typeof longIt = link === 'tcp' ? it : longIt
    linkIt(`of vitest's kind calls, streams and shutdown go on over ${link}`, () => run('vitest', link))
  }

  for (const link of ['memory', 'harness']) {
    const linkIt: typeof longIt = link === 'harness' ? it : longIt
    linkIt(`of sinon's kind calls, streams and shutdown go on over ${link}`, () => run('sinon', link))
  }

  longIt("the harness's deadlines go by them, where it is given the clock of the globals", async () => {
    expect(await run('vitest', 'harness with the global clock')).to.match(/^false DeadlineError$/m)
  })
})
