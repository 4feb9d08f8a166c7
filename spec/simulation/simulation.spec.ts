// Thousands of worlds in virtual time: whatever the network and the servers suffer, no promise of a call is broken.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { compiled } from '../setup/compiled.ts'
import { sizeOf } from '../setup/long.ts'
import { simulate } from './world.ts'

const seedCount = Number(process.env['ISOCK_SEEDS'] ?? sizeOf({ all: 1_000, few: 40 }))

describe('Simulation', () => {
  it('gives the same trace for the same seed', async () => {
    for (const seed of [3, 117, 109_741]) {
      const first = await simulate(seed)
      const second = await simulate(seed)
      expect(first.trace.length).to.be.greaterThan(10)
      expect(second.trace).to.deep.equal(first.trace)
      expect(first.violations).to.deep.equal([])
    }
  })

  it(`breaks no promise in ${seedCount} seeds`, async function () {
    this.timeout(120_000)
    const args = [compiled('scripts/simulate.ts'), '--seeds', String(seedCount)]
    const { stdout } = await promisify(execFile)(process.execPath, args).catch(
      (error: { stdout?: string; message: string }) => {
        throw new Error(error.stdout || error.message)
      },
    )
    expect(stdout).to.match(new RegExp(`^${seedCount} seeds, \\d+ operations, \\d+ faults`))
  })
})
