// Fuzzing at the size of continuous integration; `npm run fuzz` does more, with other seeds.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { compiled } from '../setup/compiled.ts'
import { sizeOf } from '../setup/long.ts'

const runs = Number(process.env['ISOCK_FUZZ_RUNS'] ?? sizeOf({ all: 20_000, few: 100 }))

describe('Fuzzing', () => {
  it(`breaks nothing in ${runs} runs of frames and of sequences of frames`, async function () {
    this.timeout(240_000)
    const args = [compiled('scripts/fuzz.ts'), '--runs', String(runs), '--seed', '1']
    const { stdout } = await promisify(execFile)(process.execPath, args).catch(
      (error: { stdout?: string; message: string }) => {
        throw new Error(error.stdout || error.message)
      },
    )
    const told = /^(\d+) streams of frames, (\d+) sequences with seed 1 in /.exec(stdout)
    expect(Number(told?.[1]) + Number(told?.[2])).to.be.at.least(runs)
  })
})
