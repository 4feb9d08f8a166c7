import { expect } from 'chai'
import { boundedErrors, consoleLogger, mostErrors, mostWarnings, silentLogger, windowMs } from '../../lib/base/log.ts'
import { printedBy } from '../setup/printed.ts'

describe('a bounded log', () => {
  it('says that it stops, counts what it leaves out, and begins anew with the next window', () => {
    const errors: string[] = []
    const debugged: string[] = []
    const log = {
      ...silentLogger,
      error: (_fields: object, message: string) => void errors.push(message),
      debug: (_fields: object, message: string) => void debugged.push(message),
    }
    let now = 5
    const bounded = boundedErrors(log, () => now)
    for (let i = 0; i < mostErrors + 3; i++) bounded.error({}, `e${i}`)
    expect(errors).to.have.lengthOf(mostErrors + 1)
    expect(errors.at(-1)).to.contain('those that follow are counted')
    expect(debugged).to.deep.equal([`e${mostErrors}`, `e${mostErrors + 1}`, `e${mostErrors + 2}`])
    now += windowMs
    bounded.error({}, 'later')
    expect(errors.slice(-2)).to.deep.equal(['3 more errors were logged as debug', 'later'])
  })
})

describe('the log of those who give none', () => {
  it('shows control characters in what peers have to say, the stack included', async () => {
    const log = consoleLogger(() => 0)
    const printed = await printedBy(async () => {
      log.error({ error: new Error('said \u001b[2J\u202e') }, 'action "\u009b2J" failed')
    })
    expect(printed.join('\n')).to.match(/^isock: action "\\x9b2J" failed\nError: said \\x1b\[2J\\u202e\n {4}at /)
  })

  it('prints each warning once, says when it stops, and prints nothing of less weight', async () => {
    const log = consoleLogger(() => 0)
    const printed = await printedBy(async () => {
      log.debug({}, 'd')
      log.info({}, 'i')
      for (let i = 0; i < 3 * mostWarnings; i++) log.warn({}, `w${i >> 1}`)
    })
    expect(printed).to.have.lengthOf(mostWarnings + 1)
    expect(printed.slice(0, 2)).to.deep.equal(['isock: w0', 'isock: w1'])
    expect(printed.at(-1)).to.contain('no more are printed')
  })
})
