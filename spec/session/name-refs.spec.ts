// The short numbers of action names, from the side that calls.
import { expect } from 'chai'
import { OutgoingNames } from '../../lib/core/session/name-refs.ts'
import { type Frame, Kind } from '../../lib/core/wire/frames/frame.ts'

describe('The names that a link introduces', () => {
  let names: OutgoingNames
  let sent: Frame[]
  const port = { send: (frame: Frame): void => void sent.push(frame) } as never

  beforeEach(() => {
    names = new OutgoingNames()
    sent = []
  })

  it('are sent with the first call of each, by name and contract, and not with the next ones', () => {
    const calls = [
      ['a', undefined],
      ['a', 'one'],
      ['b', 'one'],
    ] as const
    const refs = (): number[] => calls.map(([name, contract]) => names.refOf(name, contract, port))
    expect(refs()).to.deep.equal([0, 1, 2])
    expect(refs()).to.deep.equal([0, 1, 2])
    expect(sent).to.deep.equal(calls.map(([name, contract], ref) => ({ kind: Kind.Name, ref, name, contract })))
  })

  it('are sent again over another link', () => {
    names.refOf('a', undefined, port)
    names.refOf('b', undefined, port)
    names.forget()
    expect(names.refOf('b', undefined, port)).to.equal(0)
    expect(sent).to.have.length(3)
  })
})
