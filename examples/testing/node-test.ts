// Tests under node:test. Run it: node --import tsx --test examples/testing/node-test.ts
import assert from 'node:assert/strict'
import { afterEach, beforeEach, mock, test } from 'node:test'
import { createHarness, globalClock, type Harness, VirtualClock } from 'isock/testing'
import { Order, Quote, SoldOut } from './stock.ts'

let harness: Harness

beforeEach(async () => {
  harness = await createHarness({ actions: [new Order(new Map([['teapot', 1]]))], record: true })
})

afterEach(() => harness.close())

test('an order takes from the stock', async () => {
  assert.deepEqual(await harness.client.runAction(Order, { item: 'teapot' }), { left: 0 })
  await assert.rejects(harness.client.runAction(Order, { item: 'teapot' }), SoldOut)
  assert.equal(harness.callsOf(Order).length, 2)
})

test('a quote that is late, in virtual time', async () => {
  const clock = new VirtualClock()
  await using late = await createHarness({ clock })
  late.stub(Quote, () => new Promise<number>(() => undefined))
  const outcome = late.client.runAction(Quote, 'teapot', { timeoutMs: 30_000 }).outcome()
  await clock.advance(30_000)
  assert.equal((await outcome).ok, false)
})

test("a quote that is late, in node:test's own faked time", async () => {
  mock.timers.enable({ apis: ['setTimeout', 'Date'] })
  try {
    await using late = await createHarness({ clock: globalClock, record: true })
    late.stub(Quote, () => new Promise<number>(() => undefined))
    const outcome = late.client.runAction(Quote, 'teapot', { timeoutMs: 30_000 }).outcome()
    // Until the call is with the server.
    while (late.calls.length === 0) await new Promise((resolve) => setImmediate(resolve))
    mock.timers.tick(30_000)
    assert.equal((await outcome).ok, false)
  } finally {
    mock.timers.reset()
  }
})
