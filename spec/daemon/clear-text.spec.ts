// Tokens in clear text from another machine: refused by daemons and commands, unless an option allows it.
import { expect } from 'chai'
import { type ConnectOptions, clientOptionsOf } from '../../lib/cli/connect.ts'
import { createMemoryLinks } from '../../lib/core/link/memory-link.ts'
import type { ServerKit } from '../../lib/core/server/feature.ts'
import { type BackgroundOptions, checkBackgroundOptions } from '../../lib/daemon/background-options.ts'
import { type DaemonServer, serverFor } from '../../lib/daemon/daemon-server.ts'
import { Client, type ClientOptions } from '../../lib/index.ts'
import { longIt } from '../setup/long.ts'
import { startScript } from '../setup/run-script.ts'
import { failureOf } from '../setup/world.ts'

const token = 'a token of this spec, which is long'
const elsewhere = { transport: 'tcp', description: '192.0.2.1:5', address: '192.0.2.1', isPrivate: false } as const
const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }

/** The server of a daemon that was started with these options; what its client sends comes from another machine. */
function serverOf(options: Partial<BackgroundOptions>): { server: DaemonServer; dial: () => Promise<unknown> } {
  const { settings, token: found, name } = checkBackgroundOptions({ module: import.meta.filename, token, ...options })
  // As it is read back when the daemon is started again.
  const kept = JSON.parse(JSON.stringify(settings)) as typeof settings
  const order = { name, nonce: '', paths: {} as never, settings: kept, isSuccessor: false, ...found }
  const server = serverFor(order, log, [], () => undefined)
  let take: ServerKit['takeLink'] = () => undefined
  ;(server as unknown as { join(make: (kit: ServerKit) => object): void }).join((kit) => {
    take = kit.takeLink
    return {}
  })
  const dial = async (): Promise<unknown> => {
    const [near, far] = createMemoryLinks('another machine', elsewhere)
    take(far)
    return near
  }
  return { server, dial }
}

describe('A token in clear text from another machine', () => {
  const ping = async (options: ConnectOptions, dial: () => Promise<unknown>, peer?: object): Promise<unknown> => {
    const known = async (): Promise<unknown> => {
      const link = await dial()
      return peer === undefined ? link : Object.defineProperty(link as object, 'peer', { value: peer })
    }
    const given = { ...clientOptionsOf({ retry: 0, ...options }), dial: known }
    await using client = new Client('tcp://192.0.2.1:1', { token, ...given } as ClientOptions)
    return await client.runAction('isock.ping', 'hello')
  }

  it('is not accepted by a daemon, unless its option allows it', async () => {
    const refusing = serverOf({})
    expect((await failureOf(ping({}, refusing.dial))).message).to.include('not accepted in clear text')
    const allowing = serverOf({ allowClearTextToken: true })
    await ping({}, allowing.dial)
    await Promise.all([refusing.server.shutdown(), allowing.server.shutdown()])
  })

  it('is not sent by a command, unless its flag allows it', async () => {
    const { server, dial } = serverOf({ allowClearTextToken: true })
    expect((await failureOf(ping({}, dial, elsewhere))).message).to.include('the token is not sent in clear text')
    await server.shutdown()
    expect(clientOptionsOf({ allowClearTextToken: true })).to.deep.equal({ allowClearTextToken: true })
    expect(clientOptionsOf({})).to.deep.equal({})
  })

  it('is said by true or false, and written down only where it is allowed', () => {
    const check = (allowClearTextToken: unknown): object =>
      checkBackgroundOptions({ module: import.meta.filename, allowClearTextToken } as BackgroundOptions).settings
    expect(() => check('yes')).to.throw('option allowClearTextToken: expected true or false')
    expect(check(true)).to.include({ allowClearTextToken: true })
    expect(check(false)).to.not.have.property('allowClearTextToken')
  })

  longIt('has a flag at each command that asks for a token or shows one', async function () {
    this.timeout(120_000)
    const commands = ['serve', 'start', 'server', 'call', 'ls', 'ping', 'bench', 'terminate']
    const helps = await Promise.all(
      commands.map((name) => startScript('lib/cli/main.ts', { args: [name, '--help'] }).ended),
    )
    for (const { stdout } of helps) expect(stdout).to.include('--allow-clear-text-token')
  })
})
