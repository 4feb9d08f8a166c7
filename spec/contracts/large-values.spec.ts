// Values with many rows, and deep ones: within the limits they arrive, beyond them the sender is told which option it is.
import { expect } from 'chai'
import { Action, ClientError, Server, UnsendableError } from '../../lib/index.ts'
import { createHarness } from '../../lib/testing/harness.ts'
import { failureOf } from '../setup/world.ts'

class Echo extends Action {
  action(value: unknown) {
    return value
  }
}

const actions = [new Echo()]

function nested(depth: number): unknown {
  let value: unknown = 'inside'
  for (let i = 0; i < depth; i++) value = [value]
  return value
}

describe('values with many rows', () => {
  const rows = Array.from({ length: 150_000 }, (_, id) => ({ id, name: 'Ann' }))

  it('arrive, both ways, with the limits as they are', async () => {
    await using harness = await createHarness({ actions })
    const came = (await harness.client.runAction(Echo, rows)) as typeof rows
    expect(came).to.have.length(rows.length)
    expect(came.at(-1)).to.deep.equal({ id: 149_999, name: 'Ann' })
  })

  it('arrive in any number where both sides allow it', async () => {
    const limits = { maxValueContainers: 300_000, maxFrameBytes: 16 * 1024 * 1024 }
    await using harness = await createHarness({ actions, server: { limits }, client: { limits } })
    const pairs = Array.from({ length: 250_000 }, (_, id) => [id, id])
    expect(((await harness.client.runAction(Echo, pairs)) as typeof pairs).at(-1)).to.deep.equal([249_999, 249_999])
  })

  it('are refused where they are sent beyond the limit, naming the option', async () => {
    await using harness = await createHarness({ actions })
    const many = Array.from({ length: 200_000 }, () => [])
    const error = await failureOf(harness.client.runAction(Echo, many))
    expect(error).to.be.instanceOf(UnsendableError)
    expect(String(error)).to.match(/more than 200000 arrays and objects.*limits\.maxValueContainers at both sides/)
  })

  it('are refused by a peer that allows less, naming its option', async () => {
    await using harness = await createHarness({ actions, server: { limits: { maxValueContainers: 100 } } })
    const error = await failureOf(
      harness.client.runAction(
        Echo,
        Array.from({ length: 100 }, () => []),
      ),
    )
    expect(error).to.have.property('code', 'BAD_REQUEST')
    expect(String(error)).to.match(/more than 100 arrays and objects \(limits\.maxValueContainers\)/)
  })
})

describe('deep values', () => {
  it('arrive as deep as both sides allow', async () => {
    const limits = { maxValueDepth: 512 }
    await using harness = await createHarness({ actions, server: { limits }, client: { limits } })
    expect(await harness.client.runAction(Echo, nested(512))).to.deep.equal(nested(512))
    const rich = [new Date(0), nested(500)]
    expect(await harness.client.runAction(Echo, rich)).to.deep.equal(rich)
  })

  it('are refused beyond it, naming the option', async () => {
    await using harness = await createHarness({ actions })
    const error = await failureOf(harness.client.runAction(Echo, nested(65)))
    expect(String(error)).to.match(/nested more than 64 deep; raise limits\.maxValueDepth at both sides/)
  })

  it('may not be allowed deeper than 512, nor by halves', () => {
    for (const maxValueDepth of [513, 1.5, 0]) {
      expect(() => new Server({ limits: { maxValueDepth } })).to.throw(ClientError, /option limits\.maxValueDepth/)
    }
    expect(() => new Server({ limits: { maxValueContainers: 1.5 } })).to.throw(/option limits\.maxValueContainers/)
  })
})
