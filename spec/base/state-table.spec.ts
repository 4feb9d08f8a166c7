// A table of moves: where each leads, which are illegal, and what its types know.
import { expect } from 'chai'
import { expectTypeOf } from 'expect-type'
import { IsockError } from '../../lib/core/base/errors.ts'
import { type MoveOf, type StateOf, StateTable } from '../../lib/core/base/state-table.ts'

describe('A state table', () => {
  const door = new StateTable('door', {
    open: { close: 'shut' },
    shut: { open: 'open', lock: 'locked' },
    locked: { unlock: 'shut' },
  })

  it('leads from a state to the next', () => {
    expect(door.next('open', 'close')).to.equal('shut')
    expect(door.next('shut', 'lock')).to.equal('locked')
  })

  it('throws an internal error that names the machine, the state and the move that it does not allow', () => {
    expect(() => door.next('open', 'lock'))
      .to.throw(IsockError, 'door: illegal move "lock" in state "open"')
      .with.property('code', 'INTERNAL')
  })

  it('knows which moves a state allows', () => {
    expect(door.allows('shut', 'lock')).to.equal(true)
    expect(door.allows('open', 'lock')).to.equal(false)
  })

  it('has the types of its states and moves', () => {
    expectTypeOf<StateOf<typeof door>>().toEqualTypeOf<'open' | 'shut' | 'locked'>()
    expectTypeOf<MoveOf<typeof door>>().toEqualTypeOf<'open' | 'close' | 'lock' | 'unlock'>()
    expectTypeOf(door.next('open', 'close')).toEqualTypeOf<'shut'>()
    // @ts-expect-error no such move
    expect(() => door.next('open', 'paint')).to.throw('illegal')
    // @ts-expect-error no such state
    expect(() => door.next('ajar', 'close')).to.throw()
    // @ts-expect-error a move to a state that does not exist
    new StateTable('door', { open: { close: 'shut' } })
  })
})
