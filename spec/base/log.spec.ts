import { expect } from 'chai'
import { boundedErrors, mostErrors, silentLogger, windowMs } from '../../lib/base/log.ts'

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
