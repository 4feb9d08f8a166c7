// For whom a room counts: for the one that said most in it of late.
import { expect } from 'chai'
import { placeBytes } from '../../lib/accounting/held.ts'
import { RoomHoldings } from '../../lib/channels/room-holdings.ts'

type Options = ConstructorParameters<typeof RoomHoldings>[0]

describe('The holder of a room', () => {
  it('is its maker, until another one has said more', () => {
    const moves: string[] = []
    const [ann, bob] = ['ann', 'bob'].map((name) => ({ name })) as unknown as [Options['maker'], Options['maker']]
    const place = { moveTo: ({ name }: { name: string }) => moves.push(name), close: () => undefined }
    const holdings = new RoomHoldings({
      accounting: { open: () => place },
      places: { take: () => true, moved: () => undefined, leave: () => undefined },
      maker: ann,
      onEnd: () => undefined,
    } as unknown as Options)
    expect(holdings.takePlace()).to.equal(true)
    // It is ahead by what its place takes, and by no more where nothing is kept.
    holdings.said(ann, 100)
    holdings.said(bob, placeBytes.room)
    expect(moves).to.deep.equal([]) // as much is not more
    holdings.said(bob, 1)
    expect(moves).to.deep.equal(['bob'])
    holdings.said(ann, 1)
    expect(moves).to.deep.equal(['bob'])
    holdings.said(ann, 1)
    expect(moves).to.deep.equal(['bob', 'ann'])
  })
})
