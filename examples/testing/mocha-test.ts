// Tests under mocha. Run it: mocha --node-option import=tsx examples/testing/mocha-test.ts
import assert from 'node:assert/strict'
import { createHarness, type Harness, VirtualClock } from 'isock/testing'
import { Order, Quote, SoldOut } from './stock.ts'

describe('the shop', () => {
  const clock = new VirtualClock()
  let harness: Harness

  beforeEach(async () => {
    harness = await createHarness({ actions: [new Order(new Map([['teapot', 1]]))], clock, record: true })
  })

  afterEach(() => harness.close())

  it('takes from the stock', async () => {
    assert.deepEqual(await harness.client.runAction(Order, { item: 'teapot' }), { left: 0 })
    await assert.rejects(harness.client.runAction(Order, { item: 'teapot' }), SoldOut)
  })

  it('asks for a quote again when the server is restarted', async () => {
    harness.stub(Quote, (item) => item.length)
    harness.crash()
    const quote = harness.client.runAction(Quote, 'teapot')
    await clock.advance(2_000)
    await harness.restart()
    assert.equal(await clock.until(quote), 6)
    assert.deepEqual(
      harness.callsOf(Quote).map(({ data }) => data),
      ['teapot'],
    )
  })

  it('outlives a cut', async () => {
    harness.stub(Quote, (item) => item.length)
    harness.network.cut('silent')
    assert.equal(await clock.until(harness.client.runAction(Quote, 'pot')), 3)
  })
})
