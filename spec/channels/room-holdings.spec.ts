// For whom a room counts: for the one that said most in it of late.
import { expect } from 'chai'
import { placeBytes } from '../../lib/core/accounting/held.ts'
import { RoomHoldings } from '../../lib/features/channels/room-holdings.ts'

type Options = ConstructorParameters<typeof RoomHoldings>[0]

describe('The holder of a room', () => {
  it('is its creator, until another one has said more', () => {
    const moves: string[] = []
    const [ann, bob] = ['ann', 'bob'].map((name) => ({ name })) as unknown as [Options['creator'], Options['creator']]
    const place = { moveTo: ({ name }: { name: string }) => moves.push(name), close: () => undefined }
    const holdings = new RoomHoldings({
      accounting: { open: () => place },
      places: { take: () => true, moved: () => undefined, leave: () => undefined },
      creator: ann,
      onEnd: () => undefined,
    } as unknown as Options)
    expect(holdings.takePlace()).to.equal(true)
    // It is ahead by what its place takes, and by no more where nothing is kept.
    holdings.countPublished(ann, 100)
    holdings.countPublished(bob, placeBytes.room)
    expect(moves).to.deep.equal([]) // as much is not more
    holdings.countPublished(bob, 1)
    expect(moves).to.deep.equal(['bob'])
    holdings.countPublished(ann, 1)
    expect(moves).to.deep.equal(['bob'])
    holdings.countPublished(ann, 1)
    expect(moves).to.deep.equal(['bob', 'ann'])
  })

  it('can lose what it keeps first where nobody uses it, whenever it began to keep it', () => {
    const states: string[] = []
    const account = {
      meter: () => ({ set: () => undefined }),
      wake: () => states.push('in use'),
      rest: () => states.push('idle'),
      close: () => states.push('closed'),
    }
    const options = { accounting: { open: () => account }, places: undefined, creator: {}, onForget: () => undefined }
    const holdings = new RoomHoldings(options as unknown as Options)
    holdings.setHistoryBytes(10)
    expect(states.splice(0)).to.deep.equal([])
    holdings.setInUse(false)
    expect(states.splice(0)).to.deep.equal(['in use', 'idle'])
    holdings.setHistoryBytes(0)
    holdings.setHistoryBytes(10)
    expect(states.splice(0)).to.deep.equal(['closed', 'idle'])
    holdings.setInUse(true)
    holdings.setInUse(true)
    expect(states.splice(0)).to.deep.equal(['in use'])
  })
})
