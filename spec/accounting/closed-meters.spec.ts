// Meters of a caller that another one has replaced: they count nothing, and the account does not keep them.
import { expect } from 'chai'
import { Account } from '../../lib/core/accounting/account.ts'
import { Held } from '../../lib/core/accounting/held.ts'
import type { Meter } from '../../lib/core/accounting/meter.ts'

describe('A meter that was closed', () => {
  let told: number
  let account: Account

  beforeEach(() => {
    told = 0
    const part = { inUse: new Set(), idle: new Set(), change: () => undefined }
    const onHeld = (_: unknown, byBytes: number) => {
      told += byBytes
    }
    account = new Account(
      { onHeld, partOf: () => part as never, tidy: () => undefined },
      {
        owner: part as never,
        bytes: 0,
        shed: () => undefined,
      },
    )
  })

  it('gives back what it held, and counts nothing that it is told later', () => {
    const meter = account.meter(Held.Calls)
    const other = account.meter(Held.Calls)
    other.change(2_000)
    meter.change(5_000)
    meter.close()
    meter.change(-5_000)
    meter.change(9_000)
    account.settle()
    expect([told, account.bytes, meter.isClosed, other.isClosed]).to.deep.equal([2_000, 2_000, true, false])
  })

  it('is not kept, however many there are', () => {
    const kept = account.meter(Held.Queues)
    let last: Meter = kept
    for (let round = 0; round < 100; round++) {
      const meters = [account.meter(Held.Calls), account.meter(Held.Answers), account.meter(Held.Items)]
      last = meters.at(-1) as Meter
      for (const meter of meters) meter.close()
    }
    last = account.meter(Held.Calls)
    let count = 0
    for (let meter: Meter | undefined = last; meter !== undefined; meter = meter.next) count++
    expect(count).to.equal(2)
    kept.change(3_000)
    account.settle()
    expect(told).to.equal(3_000)
  })
})
