// Items that an action emits without waiting, over a link that takes none: they are kept up to a bound, and no further.
import { expect } from 'chai'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { Action, BusyError, type Context } from '../../lib/index.ts'
import { settle } from '../setup/virtual-clock.ts'
import { failureOf, World } from '../setup/world.ts'

const maxWriteQueueBytes = 10_000
const itemBytes = 1_000

describe('Items that nobody waits for', () => {
  let world: World

  beforeEach(() => {
    world = new World()
  })

  afterEach(() => world.close())

  it('are kept as far as the bound goes while a link takes none, and not one more', async () => {
    class Counting extends Action {
      readonly outcomes: ('taken' | 'refused')[] = []

      async action(_data: unknown, { emit }: Context<Uint8Array>) {
        await settle()
        const emits = Array.from({ length: 30 }, () =>
          Promise.resolve()
            .then(() => emit(new Uint8Array(itemBytes)))
            .then(
              () => this.outcomes.push('taken'),
              (error) => this.outcomes.push(error instanceof BusyError ? 'refused' : 'taken'),
            ),
        )
        await Promise.all(emits)
      }
    }
    const counting = new Counting()
    await world.serve([counting], { limits: { maxWriteQueueBytes, streamWindowBytes: 4_096 } })
    const client = world.client()
    await world.clock.until(client.connect())
    const call = client.runAction(Counting)
    call.outcome()
    await Promise.resolve()
    world.network.wire.block('down')
    await settle()
    await settle()
    const refused = counting.outcomes.filter((outcome) => outcome === 'refused').length
    const waiting = 30 - refused - world.network.wire.sent(Kind.Item, 'down').length
    // Each takes a little more than its bytes.
    expect(waiting).to.equal(Math.floor(maxWriteQueueBytes / itemBytes) - 1)
    world.network.wire.unblock('down')
    call.cancel()
    await failureOf(call)
  })
})
