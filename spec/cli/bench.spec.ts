// `isock bench` as a process of its own, against a server of this one.
import { expect } from 'chai'
import { Action, type Context, Server } from 'isock'
import { longIt } from '../setup/long.ts'
import { runCommand } from '../setup/run-command.ts'
import { startScript } from '../setup/run-script.ts'

/** The most that were running at once, and how many have run. */
class Watched extends Action {
  running = 0
  most = 0
  runs = 0

  override async action(ms: number): Promise<void> {
    this.runs++
    this.most = Math.max(this.most, ++this.running)
    await new Promise((resolve) => setTimeout(resolve, ms))
    this.running--
  }
}

class Flaky extends Action {
  #runs = 0

  override async action(): Promise<void> {
    if (this.#runs++ % 2 === 1) throw Object.assign(new RangeError('an odd run'), { code: 'ODD' })
  }
}

/** The first run ends, later ones do so when they are told. */
class Stalls extends Action {
  #runs = 0

  override async action(_data: undefined, { signal }: Context): Promise<void> {
    if (this.#runs++ === 0) return
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    // Longer than the caller's own timer may be late: who called is to notice the time first.
    await new Promise((resolve) => setTimeout(resolve, 250))
  }
}

const run = (...args: string[]) => startScript('lib/cli/main.ts', { args: ['bench', ...args] })
/** In this process, where its load may disturb the server. */
const here = (...args: string[]) => runCommand(['bench', ...args])

describe('isock bench', function () {
  this.timeout(120_000)
  let server: Server
  let address: string
  let watched: Watched

  beforeEach(async () => {
    watched = new Watched()
    server = new Server('localhost', 0).addAction(watched).addAction(new Flaky()).addAction(new Stalls())
    server.addActions({ echo: (data: unknown) => data })
    await server.listen()
    address = server.addresses[0] as string
  })

  afterEach(() => server.shutdown({ graceMs: 0 }))

  longIt('tells rate, percentiles and a histogram to people', async () => {
    const { code, stdout, stderr } = await here(address, 'echo', '{"a":1}', '--calls', '2000')
    expect(stdout).to.match(
      /^2 000 calls in [\d.]+ s: [\d ]+ calls\/s\np50 {2}[\d.]+ ms\np90 {2}.* ms\np99 {2}.* ms\nmax {2}.* ms\n\n( {2}up to +[\d.]+ ms {2}█* +[\d ]+\n)+$/,
    )
    expect(stderr.replace(/^[\d.]+ s {2}.*\n/gm, '')).to.equal('')
    expect(code).to.equal(0)
  })

  it('runs so many calls on so many links, and tells programs as JSON', async () => {
    const { code, stdout, stderr } = await run(
      ...[address, 'Watched', '5', '--calls', '200', '--in-flight', '3', '--links', '4', '--json'],
    ).ended
    const line = JSON.parse(stdout)
    expect(line).to.include({ address, action: 'Watched', inFlight: 3, links: 4, calls: 200, failed: 0, notStarted: 0 })
    expect(line.errors).to.deep.equal({})
    expect(line.minMs).to.be.at.least(4)
    expect([line.minMs, line.p50Ms, line.p90Ms, line.p99Ms, line.maxMs]).to.satisfy(isAscending)
    expect(line.histogram.reduce((sum: number, bar: { count: number }) => sum + bar.count, 0)).to.equal(200)
    // One more runs first.
    expect([watched.runs, watched.most]).to.deep.equal([201, 12])
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
  })

  longIt('starts calls for the time that it is given, and tells how it goes', async () => {
    const { stdout, stderr } = await here(address, 'echo', '1', '--duration', '1500', '--in-flight', '2')
    expect(Number(/ in ([\d.]+) s:/.exec(stdout)?.[1])).to.be.within(1.5, 10)
    expect(stderr).to.match(/^1\.\d s {2}\d+ calls {2}[\d ]+ calls\/s {2}p99 .* ms {2}0 failed\n/)
  })

  longIt('starts calls at the rate that it is given', async () => {
    const { stdout } = await here(address, 'echo', '1', '--rate', '100', '--calls', '50', '--json')
    const { elapsedMs, calls } = JSON.parse(stdout)
    expect(calls).to.equal(50)
    expect(elapsedMs).to.be.at.least(490)
  })

  longIt('counts the time of a call from when it was due', async () => {
    const args = ['--rate', '1000', '--calls', '40', '--in-flight', '1', '--json']
    const { maxMs, minMs } = JSON.parse((await here(address, 'Watched', '20', ...args)).stdout)
    // The last one was due after 40 ms, and ran after 39 others.
    expect(maxMs).to.be.at.least(39 * 19)
    expect(minMs).to.be.below(maxMs / 2)
  })

  longIt('tells how many calls that were due found no place', async () => {
    const args = ['--rate', '1000', '--duration', '500', '--in-flight', '1']
    const { stdout } = await here(address, 'Watched', '20', ...args)
    expect(stdout).to.match(/^4\d\d were due, but could not start: raise --in-flight or --links$/m)
  })

  it('counts errors by their code, and exits with theirs', async () => {
    const [thrown, late] = await Promise.all([
      here(address, 'Flaky', '--calls', '99', '--json'),
      here(address, 'Stalls', '--calls', '3', '--timeout', '1500', '--json'),
    ])
    const { errors, calls, failed } = JSON.parse(thrown.stdout)
    expect({ errors, calls, failed }).to.deep.equal({ errors: { ODD: 50 }, calls: 99, failed: 50 })
    expect(thrown.code).to.equal(1)
    expect(JSON.parse(late.stdout)).to.deep.include({ calls: 3, errors: { DEADLINE_EXCEEDED: 3 } })
    expect(late.code).to.equal(5)
    const { stdout } = await here(address, 'Flaky', '--calls', '9')
    expect(stdout).to.match(/^\d failed with ODD: an odd run$/m)
  })

  it('tells what makes the first call fail, and begins no load', async () => {
    const [unknown, unreachable, notJson, both, none] = await Promise.all([
      here(address, 'Nope'),
      here('localhost:1', 'echo', '--retry', '0'),
      here(address, 'echo', '{'),
      here(address, 'echo', '--calls', '1', '--duration', '1'),
      here(address, 'echo', '--links', '0'),
    ])
    expect([unknown.code, unreachable.code, notJson.code, both.code, none.code]).to.deep.equal([1, 3, 2, 2, 2])
    expect(unknown.stderr).to.include('ServerError: ')
    expect(both.stderr).to.equal('isock: give either --calls or --duration, not both\n')
    for (const { stdout } of [unknown, unreachable, notJson, both, none]) expect(stdout).to.equal('')
  })

  longIt('tells on Ctrl-C what it has measured, and exits with 130', async () => {
    const running = run(address, 'Watched', '20', '--duration', '60000', '--in-flight', '2')
    await running.printed(/^1\.\d s {2}/m, 'stderr')
    running.kill('SIGINT')
    const { code, stdout } = await running.ended
    expect(stdout).to.match(/^\d+ calls in [\d.]+ s: /)
    expect(code).to.equal(130)
  })

  it('explains itself', async () => {
    const { code, stdout } = await here('--help')
    expect(stdout).to.include('Examples:\n  isock bench ').and.include('Exit codes:').and.include('--token-file')
    expect(code).to.equal(0)
  })
})

function isAscending(values: readonly number[]): boolean {
  return values.every((value, i) => i === 0 || value >= (values[i - 1] as number))
}
