// `npm start`: a server and a client in two processes, which end together, however one of them ends.
import { fileURLToPath } from 'node:url'
import { expect } from 'chai'
import { longDescribe } from './setup/long.ts'
import { RunningScript } from './setup/run-script.ts'
import { waitFor } from './setup/wait-for.ts'

longDescribe('the example of two processes', function () {
  this.timeout(120_000)

  // Its sources, as people run them: it starts their neighbours.
  const main = fileURLToPath(new URL('../examples/two-processes/main.ts', import.meta.url))
  const start = () => new RunningScript(['--import', import.meta.resolve('tsx'), main], {})
  const pidOf = async (script: RunningScript, who: string) =>
    Number((await script.printed(new RegExp(`^${who} +process (\\d+)`, 'm')))[1])
  const haveEnded = (...pids: number[]) =>
    waitFor(() => !pids.some(isRunning), { what: 'both processes to end', timeoutMs: 8_000 })

  it('shows values, an exception of its own class and a stream, and ends', async () => {
    const { code, stdout, stderr } = await start().ended
    expect(stderr).to.equal('')
    expect(stdout).to.match(/Echo 'Echo test!' +'Echo test!' +[\d.]+ ms/)
    expect(stdout).to.match(/time instanceof Date +true/)
    expect(stdout).to.match(/error instanceof OutOfStock +true/)
    expect(stdout.match(/Count 5: an item +\d +[\d.]+ ms/g)).to.have.length(5)
    expect(code).to.equal(0)
  })

  it('ends both on Ctrl-C', async () => {
    const script = start()
    const pids = [await pidOf(script, 'server'), await pidOf(script, 'client')]
    script.kill('SIGINT')
    expect((await script.ended).code).to.equal(130)
    await haveEnded(...pids)
  })

  for (const who of ['server', 'client']) {
    it(`ends when the ${who} dies`, async () => {
      const script = start()
      const pids = [await pidOf(script, 'server'), await pidOf(script, 'client')]
      process.kill(pids[who === 'server' ? 0 : 1]!, 'SIGKILL')
      expect((await script.ended).code).to.equal(1)
      await haveEnded(...pids)
    })
  }

  it('ends its processes when it dies itself', async () => {
    const script = start()
    const pids = [await pidOf(script, 'server'), await pidOf(script, 'client')]
    script.kill('SIGKILL')
    await haveEnded(...pids)
    await script.ended
  })
})

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}
