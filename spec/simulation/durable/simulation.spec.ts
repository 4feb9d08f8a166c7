// Thousands of worlds of servers that share a store, in virtual time: servers that crash, stand still and wake up, a store that is away,
// and what each caller heard is true, also later.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { compiled } from '../../setup/compiled.ts'
import { sizeOf } from '../../setup/long.ts'
import { simulateStore } from './world.ts'

const seedCount = Number(process.env['ISOCK_SEEDS'] ?? sizeOf({ all: 500, few: 24 }))

describe('Simulation of servers over one store', () => {
  it('gives the same trace for the same seed', async () => {
    const seed = 6
    const first = await simulateStore(seed)
    const second = await simulateStore(seed)
    expect(first.trace.length).to.be.greaterThan(10)
    expect(second.trace).to.deep.equal(first.trace)
    expect(first.violations).to.deep.equal([])
  })

  it(`breaks no promise in ${seedCount} seeds`, async function () {
    this.timeout(120_000)
    const args = [compiled('scripts/simulate.ts'), '--store', '--seeds', String(seedCount)]
    const { stdout } = await promisify(execFile)(process.execPath, args).catch(
      (error: { stdout?: string; message: string }) => {
        throw new Error(error.stdout || error.message)
      },
    )
    expect(stdout).to.match(new RegExp(`^${seedCount} seeds, \\d+ operations, \\d+ faults`))
  })
})
