// Bytes in messages and in what is told of members are what they were, also where a schema takes its time.
import { expect } from 'chai'
import { Action, Channel, type ChannelSession } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { slowly } from '../setup/slow-schema.ts'

const size = 64 * 1024

function filled(n: number): Uint8Array {
  return new Uint8Array(size).fill(n)
}

class Checked extends Channel<{ parts: Map<string, Uint8Array>; bytes: Buffer }> {
  static override history = { size: 10 }
  static override schema = slowly()
}
class Returns extends Action {
  static override output = slowly()

  action(bytes: Uint8Array): unknown {
    setImmediate(() => bytes.fill(2))
    return [{ bytes }, new Set([bytes])]
  }
}
class Portraits extends Channel<string> {
  readonly portrait = filled(1)

  override presenceOf(_: ChannelSession) {
    return { portrait: this.portrait }
  }
}

describe('bytes that wait for a schema', () => {
  it('are what they were when a message was published', async () => {
    await using harness = await createHarness()
    const { server } = harness
    server.addChannel(new Checked())
    const bytes = filled(1)
    const message = { parts: new Map([['a', bytes]]), bytes: Buffer.from(bytes.buffer, 8, 16) }
    const published = server.publish(Checked, message)
    bytes.fill(2)
    await published
    const [kept] = server.channel(Checked).history()
    expect(kept?.message.parts.get('a')).to.deep.equal(filled(1))
    expect(kept?.message.bytes).to.deep.equal(Buffer.alloc(16, 1))
    expect(message.parts.get('a'), 'what the program holds').to.equal(bytes)
  })

  it('are what they were when an action returned them', async () => {
    await using harness = await createHarness({ actions: [new Returns()] })
    expect(await harness.client.runAction(Returns, filled(1))).to.deep.equal([
      { bytes: filled(1) },
      new Set([filled(1)]),
    ])
  })
})

describe('bytes of a member', () => {
  it('are what they were when it came', async () => {
    await using harness = await createHarness()
    const channel = new Portraits()
    harness.server.addChannel(channel)
    await harness.client.subscribe(Portraits).ready
    channel.portrait.fill(2)
    expect((await harness.client.presence(Portraits))[0]?.info).to.deep.equal({ portrait: filled(1) })
    expect(harness.server.channel(Portraits).presence()[0]?.info).to.deep.equal({ portrait: filled(1) })
  })
})
