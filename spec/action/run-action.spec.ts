// runAction: what it takes, and what it says of what it does not take.
import { inspect } from 'node:util'
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, type Call, ClientError, ServerError } from '../../lib/index.ts'
import { createHarness, type Harness } from '../../lib/testing/harness.ts'
import { VirtualNetwork } from '../setup/virtual-network.ts'
import { failureOf, World } from '../setup/world.ts'

class CreateEvent extends Action {
  action(title: string) {
    return title
  }
}

class Versioned extends Action {
  static override contractVersion = '2'

  action() {
    return 'two'
  }
}

describe('runAction', () => {
  let harness: Harness

  beforeEach(async () => {
    harness = await createHarness({ actions: [new CreateEvent(), new Versioned()] })
    harness.server.addActions({ events: { remove: () => 'removed' } })
  })

  afterEach(() => harness.close())

  it('takes a class or a wire name', async () => {
    expect(await harness.client.runAction(CreateEvent, 'party')).to.equal('party')
    expect(await harness.client.runAction<string>('CreateEvent', 'party')).to.equal('party')
    expect(await harness.client.runAction('events.remove')).to.equal('removed')
  })

  it('refuses what is neither, before anything is sent', async () => {
    class Plain {
      action() {}
    }
    const network = new VirtualNetwork()
    const world = new World()
    const client = world.client({ network })
    const runAction = client.runAction.bind(client) as (action: unknown) => Call
    for (const [wrong, message] of [
      [new CreateEvent(), /an instance of CreateEvent; pass the class itself, not an instance/],
      [null, /got null/],
      [undefined, /got undefined/],
      [Plain, /the function or class Plain/],
      [() => 1, /a function/],
      [7, /got 7/],
      [{}, /pass the class itself/],
      [Action, /the function or class Action/],
      ['', /1 to 512 bytes/],
      ['x'.repeat(513), /1 to 512 bytes/],
    ] as const) {
      const error = await failureOf(runAction(wrong))
      expect(error).to.be.instanceOf(ClientError).and.include({ code: 'INVALID_USAGE', notStarted: true })
      expect(error.message).to.match(message)
    }
    expect(network.dials).to.deep.equal([])
    await world.close()
  })

  it('says that data is one value where a second one stands for the options', async () => {
    const error = await failureOf(harness.client.runAction(CreateEvent, 'party', 'tea' as never))
    expect(error).to.include({
      code: 'INVALID_OPTION',
      message:
        'runAction: expected an object with options, got a string; an action takes one value: pass several as an object or a list',
    })
  })

  it('does not throw but reject', async () => {
    const call = harness.client.runAction(null as never)
    expect(call).to.be.instanceOf(Promise)
    await failureOf(call)
    expect(call.id).to.equal(0)
    call.cancel()
    expect(await call.outcome()).to.have.property('ok', false)
    expect(await failureOf(call[Symbol.asyncIterator]().next())).to.be.instanceOf(ClientError)
  })

  for (const [name, hint] of [
    ['CreateEvnt', '"CreateEvent"'],
    ['createevent', '"CreateEvent"'],
    ['remove', '"events.remove"'],
    ['evnts.remove', '"events.remove"'],
  ]) {
    it(`suggests ${hint} for "${name}"`, async () => {
      const error = await failureOf(harness.client.runAction(name as string))
      expect(error).to.be.instanceOf(ServerError).and.include({ code: 'UNKNOWN_ACTION', notStarted: true })
      expect(error.message).to.equal(`unknown action "${name}"; did you mean ${hint}?`)
    })
  }

  it('names some of those that there are where nothing is near', async () => {
    const error = await failureOf(harness.client.runAction('Quux'))
    expect(error.message).to.match(/^unknown action "Quux"; there are CreateEvent, \S+/)
    await using empty = await createHarness({ actions: [] })
    const alone = await failureOf(empty.client.runAction('Quux'))
    expect(alone.message).to.equal('unknown action "Quux"; there are none here')
  })

  it('is printed with its name, so that one sees what was not awaited', async () => {
    const call = harness.client.runAction('events.remove')
    expect(inspect(call)).to.equal('Call(events.remove) { open: await it }')
    await call.outcome()
    expect(inspect(call)).to.equal('Call(events.remove) { ended }')
    const failed = harness.client.runAction(5 as never)
    expect(inspect(failed)).to.equal('Call { not sent }')
    await failed.outcome()
  })

  it('names the action whose contract is another on each side', async () => {
    const Old = class Versioned extends Action {
      static override contractVersion = '1'

      action() {
        return 'one'
      }
    }
    const error = await failureOf(harness.client.runAction(Old))
    expect(error).to.be.instanceOf(ServerError).and.include({ code: 'CONTRACT_MISMATCH', notStarted: true })
    expect(error.message).to.contain('action "Versioned"')
    expect(await harness.client.runAction(Versioned)).to.equal('two')
    expect(await harness.client.runAction('Versioned')).to.equal('two')
  })

  it('sends nothing of a call that was aborted before', async () => {
    const world = new World()
    await world.serve([new CreateEvent()])
    const client = world.client()
    await world.clock.until(client.connect())
    const parent = { signal: AbortSignal.abort() }
    for (const options of [{ signal: AbortSignal.abort() }, { parent: parent as never }]) {
      const error = await world.clock.until(failureOf(client.runAction(CreateEvent, 'x', options)))
      expect(error).to.include({ code: 'CANCELLED', notStarted: true })
    }
    expect(world.network.wire.sent(Kind.Call, 'up')).to.have.length(0)
    await world.close()
  })

  it('lets regular expressions travel where the action allows them', async () => {
    class Find extends Action<RegExp, string> {
      static override allowRegExp = true
      override action(pattern: RegExp): string {
        return pattern.source
      }
    }
    class Strict extends Action<RegExp, string> {
      override action(pattern: RegExp): string {
        return pattern.source
      }
    }
    harness.server.addAction(new Find()).addAction(new Strict())
    expect(await harness.client.runAction(Find, /a+/)).to.equal('a+')
    expect(await failureOf(harness.client.runAction(Strict, /a+/))).to.include({ code: 'UNSENDABLE' })
  })

  it('fails when the generator has ended, where an item cannot be sent', async () => {
    let hasEnded = false
    class Odd extends Action {
      override async *action() {
        try {
          yield () => undefined
        } finally {
          await Promise.resolve()
          await new Promise((resolve) => setImmediate(resolve))
          hasEnded = true
        }
      }
    }
    harness.server.addAction(new Odd())
    expect(await failureOf(harness.client.runAction(Odd))).to.be.instanceOf(Error)
    expect(hasEnded).to.equal(true)
  })

  it('gives a Call that says its number, as its action sees it', async () => {
    harness.server.addActions({ id: (_data: undefined, { callId }) => callId })
    const call = harness.client.runAction('id')
    expect(await call)
      .to.equal(call.id)
      .and.be.greaterThan(0)
  })

  it('keeps rejections quiet that are looked at by outcome() or by iterating', async () => {
    expect(await harness.client.runAction('nope').outcome()).to.have.property('ok', false)
    const call = harness.client.runAction('nope')
    await failureOf(call[Symbol.asyncIterator]().next())
  })
})
