// Hostile cases against a server in a process of its own with 128 MB of heap: each is answered or refused within 50 ms
// of its arrival, makes it hold less than 16 MB more, and keeps nobody else from being served.
import { expect } from 'chai'
import { longDescribe } from '../../setup/long.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { HonestClient } from '../honest-client.ts'
import { callCases } from './call-cases.ts'
import { ChildServer } from './child-server.ts'
import { floodCases } from './flood-cases.ts'
import { frameCases } from './frame-cases.ts'
import type { HostileCase } from './hostile-case.ts'
import { hastyCases, patientCases } from './link-cases.ts'
import { hastyLimits, smallLimits } from './small-limits.ts'
import { strangerCases } from './stranger-cases.ts'
import { describeWorst, tryCase, type Verdict } from './trial.ts'

const groups = [
  { what: 'strangers', limits: smallLimits, cases: strangerCases },
  { what: 'frames and values', limits: smallLimits, cases: frameCases },
  { what: 'calls', limits: smallLimits, cases: callCases },
  { what: 'floods', limits: smallLimits, cases: floodCases },
  { what: 'links', limits: smallLimits, cases: patientCases },
  { what: 'links that time ends', limits: hastyLimits, cases: hastyCases },
]
const caseCount = groups.reduce((sum, { cases }) => sum + cases.length, 0)
const growthBytes = 16 * 1024 * 1024

describe(`Hostile peers, ${caseCount} cases against a process of 128 MB`, () => {
  it('are at least 60', () => {
    expect(caseCount).to.be.at.least(60)
    const names = groups.flatMap(({ cases }) => cases.map((hostile: HostileCase) => hostile.name))
    expect(new Set(names).size).to.equal(names.length)
  })

  for (const { what, limits, cases } of groups) {
    longDescribe(what, function () {
      this.timeout(120_000)
      const verdicts = new Map<string, Verdict>()
      let server: ChildServer
      let honest: HonestClient
      let atStart: number

      before(async () => {
        server = await ChildServer.start(limits)
        honest = await HonestClient.connect(server.address)
        for (let i = 0; i < 200; i++) await honest.call(i)
        atStart = (await server.ask('begin')).heldBytes
      })

      after(async () => {
        await honest.close()
        await server.end()
      })

      for (const hostile of cases) {
        it(hostile.name, async () => {
          verdicts.set(hostile.name, await tryCase(server, honest, hostile))
        })
      }

      it('leave a server that lives, serves, and holds nothing of them', async () => {
        await honest.call('the last one')
        const figures = await waitFor(
          async () => {
            const now = await server.ask('begin')
            return now.sessions === 1 && now.runningCalls === 0 && now.heldBytes - atStart < growthBytes
              ? now
              : undefined
          },
          { what: 'what the peers left to end', timeoutMs: 5_000 },
        )
        expect(server.isAlive).to.equal(true)
        const mebibytes = (bytes: number): string => (bytes / 1024 / 1024).toFixed(1)
        console.log(
          `${describeWorst(verdicts)}\n        at the end ${mebibytes(figures.heldBytes - atStart)} MB more, ` +
            `${mebibytes(figures.rssBytes)} MB resident`,
        )
      })
    })
  }
})
