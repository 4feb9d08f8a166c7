// A server's features between the start and the end, which may come first; and where errors go.
import { expect } from 'chai'
import { platformClock } from '../../lib/core/base/clock.ts'
import { silentLogger } from '../../lib/core/base/log.ts'
import { ActionServer } from '../../lib/core/server/action-server.ts'
import { ErrorHook } from '../../lib/core/server/error-hook.ts'
import type { ServerKit } from '../../lib/core/server/feature.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { waitFor } from '../setup/wait-for.ts'

/** A server with one feature that starts when it is told to. */
class Slow extends ActionServer {
  readonly told: string[] = []
  finishStart: (error?: Error) => void = () => undefined
  isOpened = false

  #kit: ServerKit | undefined

  constructor() {
    super({ port: 0 })
    this.join((kit) => {
      this.#kit = kit
      return {
        onStart: async () => {
          this.told.push('starting')
          await new Promise<void>((resolve, reject) => {
            this.finishStart = (error) => (error === undefined ? resolve() : reject(error))
          })
          this.told.push('started')
        },
        onListening: () => void this.told.push('listening'),
        onDrain: () => void this.told.push('drain'),
        onDrained: () => void this.told.push('drained'),
      }
    })
  }

  async open(): Promise<void> {
    return this.#kit?.opening(async () => {
      this.isOpened = true
    })
  }
}

describe('A server that is shut down while it starts', () => {
  it('lets go of what its features need when they have it, and opens no way in', async () => {
    const server = new Slow()
    const opening = server.open().catch((error: { code: string }) => error.code)
    await waitFor(() => server.told.includes('starting'))
    const ended = server.shutdown()
    await waitFor(() => server.told.includes('drain'))
    server.finishStart()
    await ended
    expect(await opening).to.equal('SHUTTING_DOWN')
    expect(server.isOpened).to.equal(false)
    expect(server.told).to.deep.equal(['starting', 'drain', 'started', 'drained'])
  })

  it('does not care that the start fails then', async () => {
    const server = new Slow()
    const opening = server.open().catch((error: Error) => error.message)
    await waitFor(() => server.told.includes('starting'))
    const ended = server.shutdown()
    server.finishStart(new Error('no disk'))
    await ended
    expect(await opening).to.equal('no disk')
    expect(server.told.at(-1)).to.equal('drained')
  })

  it('does not wait for a start that never ends', async () => {
    const server = new Slow()
    const opening = server.open().catch((error: { code: string }) => error.code)
    await waitFor(() => server.told.includes('starting'))
    await server.shutdown({ graceMs: 20 })
    expect(server.told.at(-1)).to.equal('drained')
    server.finishStart()
    expect(await opening).to.equal('SHUTTING_DOWN')
  })
})

describe('File descriptors that a server is given', () => {
  it('are whole numbers, one for each address', () => {
    const make = (fds: readonly unknown[]) => () => new ActionServer({ port: 0, fds: fds as number[] })
    for (const wrong of [[], ['3'], [-1], [1.5], [3, 4]]) expect(make(wrong), String(wrong)).to.throw('option fds')
    expect(make([3])).to.not.throw()
  })
})

describe('The hook for errors', () => {
  it('may be asynchronous, and fail', async () => {
    const failures: unknown[] = []
    const log = { ...silentLogger, error: (fields: object) => void failures.push((fields as { error: unknown }).error) }
    const sink = new Error('the sink is down')
    const hook = new ErrorHook({
      log,
      clock: platformClock,
      classes: new ClassRegistry(),
      given: { log, onError: () => Promise.reject(sink) as never },
    })
    const error = new Error('boom')
    hook.report(error, 'a feature')
    await waitFor(() => failures.length === 2)
    expect(failures).to.deep.equal([error, sink])
  })
})
