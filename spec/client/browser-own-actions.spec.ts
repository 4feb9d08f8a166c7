// What runs a page's own actions: loaded when the page adds one, or is called, and tried again where that failed.
import { expect } from 'chai'
import { ActionRegistry } from '../../lib/core/action/registry.ts'
import { LinkError } from '../../lib/core/base/errors.ts'
import { OwnActions } from '../../lib/core/client/browser-own-actions.ts'
import type * as loaded from '../../lib/core/client/own-actions.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { Action } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'

class Ask extends Action {
  action(): void {}
}

describe("What runs a page's own actions", () => {
  let loads: number
  let isThere: boolean
  let registry: ActionRegistry
  let own: OwnActions
  const started: unknown[] = []

  class Loaded {
    readonly options: unknown

    constructor(options: unknown) {
      this.options = options
    }

    start(...args: unknown[]): void {
      started.push(...args)
    }

    encodeError({ message }: Error): string {
      return message
    }
  }

  beforeEach(() => {
    loads = 0
    isThere = true
    started.length = 0
    registry = new ActionRegistry(new ClassRegistry())
    own = new OwnActions({ registry } as never, async () => {
      loads++
      if (!isThere) throw new TypeError('404')
      return { OwnActions: Loaded } as unknown as typeof loaded
    })
  })

  it('is not loaded for a page that has none and is not called', async () => {
    await settle()
    expect(loads).to.equal(0)
  })

  it('is loaded when the page adds an action, which is there at once', async () => {
    registry.add(new Ask())
    expect([registry.names, loads]).to.deep.equal([['Ask'], 1])
    await own.load()
    expect(loads).to.equal(1)
  })

  it('starts calls and encodes errors once it was loaded', async () => {
    await own.load()
    own.start('session' as never, 'call' as never)
    expect(started).to.deep.equal(['session', 'call'])
    expect(own.encodeError(new LinkError('gone'))).to.equal('gone')
  })

  it('costs an action that is added nothing where it cannot be had, and is asked for again when it is called', async () => {
    isThere = false
    registry.add(new Ask())
    await settle()
    expect(await own.load().catch(String)).to.equal('TypeError: 404')
    isThere = true
    await own.load()
    expect(loads).to.equal(3)
  })
})
