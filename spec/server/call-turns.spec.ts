// Whose call is next, of those that wait for the processor.
import { expect } from 'chai'
import { Holder } from '../../lib/core/accounting/holders.ts'
import { CallTurns, type RunStarter } from '../../lib/core/server/call-turns.ts'
import type { IncomingCall } from '../../lib/core/session/incoming-call.ts'

interface Starter extends RunStarter {
  holder: Holder
}

describe('CallTurns', () => {
  let turns: CallTurns
  let started: string[]
  let costs: Record<string, number>

  beforeEach(() => {
    turns = new CallTurns()
    started = []
    costs = {}
  })

  function sessionOf(holder: Holder): Starter {
    return { holder, run: () => undefined, encodeError: () => undefined }
  }

  /** Calls that wait, and what each costs in milliseconds. */
  function wait(starter: RunStarter, costMs: number, ...names: string[]): void {
    for (const name of names) {
      costs[name] = costMs
      turns.add({ call: { name } as IncomingCall, starter, giveUpAtMs: 0 })
    }
  }

  function take(count: number): string[] {
    started = []
    for (let i = 0; i < count; i++) {
      const { name } = turns.begin().call
      started.push(name)
      turns.over(costs[name] as number)
    }
    return started
  }

  it('alternates between addresses whose calls cost the same, whatever the number of their sessions', () => {
    const many = new Holder('many')
    for (const name of ['m1', 'm2', 'm3']) wait(sessionOf(many), 5, name)
    wait(sessionOf(new Holder('few')), 5, 'f1', 'f2')
    expect(take(5)).to.deep.equal(['m1', 'f1', 'm2', 'f2', 'm3'])
    expect(turns.isEmpty).to.equal(true)
  })

  it('gives light calls as much time as heavy ones', () => {
    wait(sessionOf(new Holder('heavy')), 6, 'h1', 'h2', 'h3')
    wait(sessionOf(new Holder('light')), 2, 'l1', 'l2', 'l3', 'l4', 'l5', 'l6')
    expect(take(9)).to.deep.equal(['h1', 'l1', 'l2', 'l3', 'l4', 'l5', 'h2', 'l6', 'h3'])
  })

  it('lets a light call wait for no heavy ones, however many addresses these come from', () => {
    const light = sessionOf(new Holder('light'))
    const heavy = Array.from({ length: 100 }, (_, i) => sessionOf(new Holder(`heavy ${i}`)))
    wait(light, 0.1, 'l1')
    for (const [i, each] of heavy.entries()) wait(each, 5, `a${i}`, `b${i}`, `c${i}`)
    take(101)
    for (const name of ['l2', 'l3', 'l4']) {
      wait(light, 0.1, name)
      expect(take(1)).to.deep.equal([name])
      take(20)
    }
  })

  it('holds it against nobody when a call took far longer than those before it', () => {
    const light = sessionOf(new Holder('light'))
    const heavy = sessionOf(new Holder('heavy'))
    wait(heavy, 5, ...Array.from({ length: 40 }, (_, i) => `h${i}`))
    wait(light, 0.1, 'l1')
    take(2)
    // Somebody's garbage was collected meanwhile.
    wait(light, 80, 'l2')
    expect(take(1)).to.deep.equal(['l2'])
    wait(light, 0.1, 'l3')
    expect(take(2)).to.include('l3')
  })

  it('charges one whole whose calls go on to take longer', () => {
    const riser = sessionOf(new Holder('riser'))
    const steady = sessionOf(new Holder('steady'))
    wait(riser, 0.1, 'r0')
    take(1)
    wait(steady, 5, ...Array.from({ length: 40 }, (_, i) => `s${i}`))
    wait(riser, 20, ...Array.from({ length: 40 }, (_, i) => `r${i + 1}`))
    take(25)
    const later = take(20)
    expect(later.filter((name) => name.startsWith('r')).length).to.be.within(3, 6)
  })

  it('expects of a newcomer what calls of others take', () => {
    const light = sessionOf(new Holder('light'))
    const heavy = sessionOf(new Holder('heavy'))
    wait(heavy, 5, 'h1', 'h2', 'h3')
    wait(light, 0.1, 'l1')
    take(2)
    wait(sessionOf(new Holder('new')), 5, 'n1')
    wait(light, 0.1, 'l2')
    expect(take(2)).to.deep.equal(['l2', 'n1'])
  })

  it('lets a newcomer in after one more call at most, and gives it nothing for the time before', () => {
    const old = sessionOf(new Holder('old'))
    wait(old, 5, 'o1', 'o2', 'o3', 'o4', 'o5')
    take(3)
    wait(sessionOf(new Holder('new')), 5, 'n1', 'n2', 'n3')
    expect(take(4)).to.deep.equal(['n1', 'o4', 'n2', 'o5'])
  })

  it('remembers what somebody has used who has no call for a moment', () => {
    const [quick, slow] = [sessionOf(new Holder('quick')), sessionOf(new Holder('slow'))]
    const others = Array.from({ length: 20 }, (_, i) => sessionOf(new Holder(`other ${i}`)))
    for (const [i, other] of others.entries()) wait(other, 5, `x${i}`, `y${i}`)
    wait(slow, 5, 's1')
    wait(quick, 1, 'q1')
    take(22)
    // Both have had a turn. A call that waits alone is soon next; what comes behind it waits for all who used less.
    wait(slow, 5, 's2', 's3')
    wait(quick, 1, 'q2')
    expect(take(2)).to.deep.equal(['q2', 's2'])
    expect(take(21).at(-1)).to.equal('s3')
  })

  it('lets a call that comes alone, again and again, wait for no long lines of others', () => {
    const lines = Array.from({ length: 50 }, (_, i) => sessionOf(new Holder(`line ${i}`)))
    for (const line of lines) wait(line, 2, ...Array.from({ length: 10 }, (_, i) => `line ${i}`))
    const alone = sessionOf(new Holder('alone'))
    take(100)
    for (let i = 0; i < 20; i++) {
      wait(alone, 3, `alone ${i}`)
      expect(take(2)).to.include(`alone ${i}`)
    }
  })

  it('lets nobody save up turns by having no calls for a while', () => {
    const [busy, rare] = [sessionOf(new Holder('busy')), sessionOf(new Holder('rare'))]
    wait(busy, 5, 'b1', 'b2', 'b3', 'b4', 'b5', 'b6', 'b7')
    wait(rare, 5, 'r1')
    expect(take(6)).to.deep.equal(['b1', 'r1', 'b2', 'b3', 'b4', 'b5'])
    wait(rare, 5, 'r2', 'r3', 'r4', 'r5')
    expect(take(4)).to.deep.equal(['r2', 'b6', 'r3', 'b7'])
  })

  it('keeps the order of a session that goes over to another address', () => {
    const session = sessionOf(new Holder('home'))
    wait(session, 5, 'a', 'b', 'c')
    take(1)
    session.holder = new Holder('elsewhere')
    wait(session, 5, 'd')
    expect(take(3)).to.deep.equal(['b', 'c', 'd'])
    wait(session, 5, 'e')
    expect(take(1)).to.deep.equal(['e'])
  })

  it('keeps nothing of thousands that come and go', () => {
    const busy = sessionOf(new Holder('busy'))
    wait(busy, 1, ...Array.from({ length: 3_000 }, (_, i) => `b${i}`))
    for (let i = 0; i < 1_000; i++) {
      wait(sessionOf(new Holder(`passer-by ${i}`)), 0, `p${i}`)
      take(3)
    }
    expect(turns.laneCount).to.be.below(200)
  })
})
