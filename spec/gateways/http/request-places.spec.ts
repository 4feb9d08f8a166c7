// The places of requests and streams by themselves: each is taken once, and given back once.
import { expect } from 'chai'
import { Accounting } from '../../../lib/core/accounting/accounting.ts'
import type { HttpError } from '../../../lib/gateways/http/error-answer.ts'
import { RequestPlaces } from '../../../lib/gateways/http/request-places.ts'

describe('The places of requests', () => {
  let accounting: Accounting
  let places: RequestPlaces

  beforeEach(() => {
    accounting = new Accounting({ maxHeldBytes: 1e6, isShared: () => false })
    places = new RequestPlaces({ maxRequests: 4, maxStreams: 1 }, accounting)
  })

  const take = () => places.take('192.0.2.1', () => undefined)
  const counts = () => [places.requestCount, places.streamCount]
  const statusOf = (act: () => unknown): number | undefined => {
    try {
      act()
    } catch (error) {
      return (error as HttpError).status
    }
    return undefined
  }

  it('are so many of one address at once, and each is given back once', () => {
    const all = [take(), take(), take()]
    expect([counts(), statusOf(take)]).to.deep.equal([[3, 0], 503])
    all[0]?.leave()
    all[0]?.leave()
    expect(counts()).to.deep.equal([2, 0])
    const again = take()
    expect(statusOf(take)).to.equal(503)
    for (const each of [...all, again]) each.leave()
    expect([counts(), accounting.heldBytes]).to.deep.equal([[0, 0], 0])
    places.close()
    expect(accounting.usage().places).to.deep.equal({})
  })

  it('are those of streams instead where an answer becomes one, once', () => {
    const [stream, other] = [take(), take()]
    stream.becomeStream()
    stream.becomeStream()
    expect(counts()).to.deep.equal([1, 1])
    expect(statusOf(() => other.becomeStream())).to.equal(503)
    stream.leave()
    stream.leave()
    other.leave()
    expect([counts(), accounting.heldBytes]).to.deep.equal([[0, 0], 0])
  })
})
