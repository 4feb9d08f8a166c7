// The harness, and an example of specs that use it: real server, real client, no port.
import { expect } from 'chai'
import { CancelledError, ClientError } from 'isock'
import { createHarness, type Harness } from 'isock/testing'
import { Count } from '../../shared-actions/count.ts'
import { Echo } from '../../shared-actions/echo.ts'
import { Order, OutOfStock } from '../../shared-actions/stock.ts'
import { Time } from '../../shared-actions/time.ts'

describe('actions under the harness', () => {
  let harness: Harness
  let stock: Map<string, number>

  beforeEach(async () => {
    stock = new Map([['teapot', 3]])
    harness = await createHarness({ actions: [new Echo(), new Time(), new Count(), new Order(stock)] })
  })

  afterEach(() => harness.close())

  it('give their value', async () => {
    expect(await harness.client.runAction(Echo, 'hi')).to.equal('hi')
    expect(await harness.client.runAction(Time)).to.be.an.instanceOf(Date)
  })

  it('change the variables that they were given', async () => {
    expect(await harness.client.runAction(Order, { item: 'teapot', quantity: 2 })).to.equal(1)
    expect(stock.get('teapot')).to.equal(1)
  })

  it('throw their own class, with its fields', async () => {
    const outcome = await harness.client.runAction(Order, { item: 'teapot', quantity: 4 }).outcome()
    if (outcome.ok) throw new Error('expected an exception')
    expect(outcome.error).to.be.an.instanceOf(OutOfStock)
    expect(outcome.error).to.include({ item: 'teapot', wanted: 4, left: 3 })
  })

  it('stream items and then return', async () => {
    const call = harness.client.runAction(Count, 3)
    const items: number[] = []
    for await (const item of call) items.push(item)
    expect(items).to.deep.equal([1, 2, 3])
    expect(await call).to.equal('counted to 3')
  })

  it('end when their reader leaves', async () => {
    const call = harness.client.runAction(Count, Number.POSITIVE_INFINITY)
    for await (const item of call) if (item === 3) break
    const outcome = await call.outcome()
    expect(!outcome.ok && outcome.error).to.be.an.instanceOf(CancelledError)
  })
})

describe('a harness', () => {
  it('connects more clients', async () => {
    await using harness = await createHarness({ actions: { who: (_data: unknown, { session }) => session.id } })
    const other = await harness.connect()
    expect(await other.runAction('who')).to.not.equal(await harness.client.runAction('who'))
    expect(harness.server.sessions).to.have.length(2)
  })

  it('goes over TCP when asked to', async () => {
    await using harness = await createHarness({ actions: [new Echo()], link: 'tcp' })
    expect(harness.address).to.match(/^tcp:\/\/127\.0\.0\.1:\d+$/)
    expect(await harness.client.runAction(Echo, 'hi')).to.equal('hi')
  })

  it('passes options on, and leaves nothing open when the client is not let in', async () => {
    const options = { server: { token: 'the right token' }, client: { token: 'a wrong token' }, link: 'tcp' as const }
    const outcome = await createHarness(options).then(
      () => undefined,
      (error: Error) => error.name,
    )
    expect(outcome).to.equal('AuthError')
  })

  it('closes its clients, once or more', async () => {
    const harness = await createHarness({ actions: [new Echo()] })
    await harness.close()
    await harness.close()
    const outcome = await harness.client.runAction(Echo, 'hi').outcome()
    expect(!outcome.ok && outcome.error).to.be.an.instanceOf(ClientError)
  })
})
