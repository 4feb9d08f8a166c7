// A token that isock was given in the environment stays isock's: daemons, modules, and what those start, do not have it.
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { Client } from 'isock'
import { takeSecrets, withoutSecrets } from '../../lib/daemon/secret-variables.ts'
import { longIt } from '../setup/long.ts'
import { RunningScript } from '../setup/run-script.ts'
import { CompiledIsock } from './compiled-isock.ts'
import { DaemonWorld } from './daemon-world.ts'

const secrets = {
  ISOCK_TOKEN: 'a secret of this spec',
  ISOCK_CREDENTIALS: '{"Login":1}',
  ISOCK_DATA_URL: 'postgres://ann:secret@127.0.0.1/db',
}
const token = secrets.ISOCK_TOKEN

interface Look {
  readonly own: readonly string[]
  readonly child: string
  readonly given: string
}

describe('the secrets of the environment', function () {
  this.timeout(120_000)
  let isock: CompiledIsock
  let world: DaemonWorld

  before(async () => {
    isock = await CompiledIsock.make()
  })

  beforeEach(() => {
    world = new DaemonWorld(isock)
    Object.assign(process.env, secrets, { SPEC_OTHER: 'kept' })
  })

  afterEach(async () => {
    for (const name of [...Object.keys(secrets), 'SPEC_OTHER']) delete process.env[name]
    await world.close()
  })

  /** Asks with the token, without which nobody is let in. */
  async function look(address: string): Promise<readonly Look[]> {
    await using stranger = new Client(address, { token: 'another secret', retry: 0 })
    expect(await stranger.runAction('Environment').outcome()).to.have.nested.property('error.code', 'UNAUTHENTICATED')
    await using client = new Client(address, { token })
    const { whenLoaded, now } = await client.runAction<{ whenLoaded: Look; now: Look }>('Environment')
    return [whenLoaded, now]
  }

  function expectNone(looks: readonly Look[], how: 'from the start' | 'taken out'): void {
    for (const { own, child, given } of looks) {
      expect(own).to.include('SPEC_OTHER').and.not.include.members(['ISOCK_TOKEN'])
      expect(own).to.not.include('ISOCK_DATA_URL')
      expect(child).to.include('kept').and.not.include('secret')
      if (how === 'from the start') expect(given).to.not.include('secret')
    }
  }

  longIt('are not in a daemon, which has its token before and after a restart', async () => {
    const daemon = await world.start({ module: isock.module('environment') })
    expectNone(await look(daemon.address), 'from the start')
    const before = world.remember()
    await daemon.restart()
    world.remember()
    await world.gone(before)
    expectNone(await look(daemon.address), 'from the start')
    if (process.platform === 'linux')
      expect(readFileSync(`/proc/${daemon.pid}/environ`, 'utf8'))
        .to.include('SPEC_OTHER')
        .and.not.include('secret')
  })

  longIt('are not in a daemon that crashed and is started again with them', async () => {
    const daemon = await world.start({ module: isock.module('environment') })
    const before = world.remember()
    process.kill(daemon.pid, 'SIGKILL')
    await world.gone(before)
    await daemon.restart()
    world.remember()
    expectNone(await look(daemon.address), 'from the start')
  })

  longIt('are not in a daemon that was given another token', async () => {
    process.env['ISOCK_TOKEN'] = 'a secret of other servers'
    const daemon = await world.start({ module: isock.module('environment'), token })
    expectNone(await look(daemon.address), 'from the start')
  })

  longIt('are not in those of the command line', async () => {
    const command = (...args: string[]): RunningScript =>
      new RunningScript([isock.command, ...args], { env: { ...secrets, ISOCK_STATE_DIR: world.stateDir } })
    const module = isock.module('environment')
    const started = await command('start', module).ended
    const [, address = ''] = /listening at (\S+)\n/.exec(started.stdout) ?? []
    world.remember()
    expectNone(await look(address), 'from the start')
    for (const args of [
      ['serve', module, '--port', '0'],
      ['server', '127.0.0.1', '0', module],
    ]) {
      const server = command(...args)
      try {
        const [, at = ''] = await server.printed(/^listening at (.*)$/m)
        expectNone(await look(at), 'taken out')
      } finally {
        server.kill()
        await server.ended
      }
    }
  })

  longIt('leave isock serve and isock server guarded, and a token that is none is refused', async () => {
    const module = isock.module('environment')
    for (const args of [
      ['serve', module, '--port', '0'],
      ['server', '127.0.0.1', '0', module],
      ['start', module],
    ]) {
      const env = { ISOCK_TOKEN: 'short', ISOCK_STATE_DIR: world.stateDir }
      const { code, stderr } = await new RunningScript([isock.command, ...args], { env }).ended
      expect([code, stderr]).to.deep.equal([
        2,
        'isock: option ISOCK_TOKEN: expected a token of 8 to 1024 characters, got 5\n',
      ])
    }
  })

  it('are known by their names in any case, and taken with their values', () => {
    const environment = { isock_Token: 'one', ISOCK_DATA_URL: 'two', ISOCK_STATE_DIR: 'three' }
    expect(withoutSecrets(environment)).to.deep.equal({ ISOCK_STATE_DIR: 'three' })
    expect(takeSecrets(environment)).to.deep.equal({ ISOCK_TOKEN: 'one', ISOCK_DATA_URL: 'two' })
    expect(environment).to.deep.equal({ ISOCK_STATE_DIR: 'three' })
  })
})
