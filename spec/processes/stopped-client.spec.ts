// A process that stood still reads what came meanwhile before it judges deadlines.
import { expect } from 'chai'
import { Server } from '../../lib/index.ts'
import { type RunningScript, startScript } from '../setup/run-script.ts'
import { waitFor } from '../setup/wait-for.ts'

describe('a client that is stopped until its calls are late', () => {
  let server: Server
  let script: RunningScript | undefined

  beforeEach(async () => {
    server = new Server({ port: 0 })
    await server.listen()
  })

  afterEach(async () => {
    script?.kill()
    await script?.ended
    await server.shutdown({ graceMs: 0 })
  })

  it('gets the answers that came in time', async () => {
    let answer: (value: string) => void = () => undefined
    server.addActions({
      Answer: () =>
        new Promise<string>((resolve) => {
          answer = resolve
        }),
    })
    let goOn: () => void = () => undefined
    const isStopped = new Promise<void>((resolve) => {
      goOn = resolve
    })
    server.addActions({
      Count: async function* () {
        yield 0
        await isStopped
        for (let i = 1; i < 30; i++) yield i
        return 'counted'
      },
    })
    script = startScript('spec/processes/stopped-client.ts', { args: [server.addresses[0] as string] })
    await script.printed(/under way/)
    const stoppedAtMs = performance.now()
    script.kill('SIGSTOP')
    answer('answered')
    goOn()
    await waitFor(() => performance.now() - stoppedAtMs > 1_500, { what: 'the deadlines to pass' })
    script.kill('SIGCONT')
    const [line] = await script.printed(/^\[.*\]$/m)
    expect(JSON.parse(line)).to.deep.equal(['answered', 'counted', 30])
    await script.ended
  })
})
