// What a daemon says of exports that it cannot serve by itself; spec/cli/serve.spec.ts has what `isock serve` says.
import { expect } from 'chai'
import { silentLogger } from '../../lib/core/base/log.ts'
import { DaemonServer, registerModules } from '../../lib/daemon/daemon-server.ts'
import { Action, Channel, MemoryNetwork, Service } from '../../lib/index.ts'

class Open extends Action {
  action() {
    return 'open'
  }
}
class News extends Channel<string> {}
class Counter extends Service<number, number, number> {
  override init(): number {
    return 0
  }
  override exec(count: number): number {
    return count
  }
}

describe('Exports that a daemon does not serve', () => {
  async function warnedOf(exports: object): Promise<unknown[]> {
    const warned: unknown[] = []
    const log = { ...silentLogger, warn: (fields: object) => void warned.push(fields) }
    await using server = new DaemonServer(
      { address: 'memory:daemon', network: new MemoryNetwork() },
      false,
      () => undefined,
    )
    await registerModules(server, [{ path: '/module.mjs', exports: { ...exports } }], log)
    return warned
  }

  it('are in its log', async () => {
    expect(await warnedOf({ Open, News, Counter })).to.deep.equal([
      { export: 'News', reason: 'a channel; server.addChannel adds it, in a program, or in setup(server) of a daemon' },
    ])
  })

  it('are the matter of the setup that a module exports', async () => {
    expect(await warnedOf({ Open, News, setup: () => undefined })).to.deep.equal([])
  })
})
