// What a stop makes of a daemon that another process succeeds meanwhile. The daemon is a control socket of this process.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import { type IsockError, Server, ServerError } from 'isock'
import { type DaemonReport, Report, Stop } from '../../lib/daemon/control-actions.ts'
import { Daemon } from '../../lib/daemon/daemon.ts'
import { type DaemonPaths, prepareDirectory } from '../../lib/daemon/state-directory.ts'

describe('a stop', () => {
  let folder: string
  let paths: DaemonPaths
  let asked: string[]
  let server: Server

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'isock-stop-'))
    paths = prepareDirectory(folder, 'app')
    asked = []
  })

  afterEach(async () => {
    await server.shutdown({ graceMs: 0 })
    rmSync(folder, { recursive: true, maxRetries: 20 })
  })

  /** Each process hands over when it is told to stop, and says so by the code; the last one stops. */
  const serve = async (count: number, code: 'SHUTTING_DOWN' | 'BAD_REQUEST'): Promise<Daemon> => {
    let current = 0
    const report = (): DaemonReport => ({
      name: 'app',
      nonce: `n${current}`,
      ...(current === 0 ? {} : { predecessor: `n${current - 1}` }),
      pid: process.pid,
      startedAt: new Date(0).toISOString(),
      addresses: ['tcp://127.0.0.1:1'],
      uptimeMs: 0,
      calls: 0,
      sessions: 0,
      memoryBytes: 0,
      usage: undefined,
      isStopping: false,
    })
    server = new Server({ path: paths.control, gate: () => true })
    server.addAction(Report, report)
    server.addAction(Stop, ({ nonce }) => {
      asked.push(nonce)
      if (++current < count) throw new ServerError('handing over', { code })
      void server.shutdown()
    })
    await server.listen()
    return new Daemon('app', paths)
  }

  for (const code of ['SHUTTING_DOWN', 'BAD_REQUEST'] as const) {
    it(`goes on with whoever has the name by then, told so by ${code}`, async () => {
      await (await serve(3, code)).stop()
      expect(asked).to.deep.equal(['n0', 'n1', 'n2'])
    })
  }

  it('gives up when there is always another one', async () => {
    const daemon = await serve(Number.POSITIVE_INFINITY, 'SHUTTING_DOWN')
    const error: IsockError = await daemon.stop().then(
      () => Promise.reject(new Error('it did not reject')),
      (thrown) => thrown,
    )
    expect([error.code, asked.length]).to.deep.equal(['NO_RESPONSE', 5])
  })
})
