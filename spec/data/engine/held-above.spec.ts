// A unit of work that needs what a calling unit holds fails early, and says what is held.
import { expect } from 'chai'
import { BusyError } from 'isock'
import { deferred } from '../../../lib/core/base/deferred.ts'
import { type Contender, unlessHeldAbove } from '../../../lib/features/data/engine/held-above.ts'
import { failureOf } from '../../setup/world.ts'

/** What the store is, and what each of the two units does. Counts the looks. */
class Scene {
  looks = 0
  hasOneConnection = false
  isPostgres = false
  isAboveOpen = true
  isAboveBusy = false
  isOpen = false
  isBeginning = false
  /** What each look at a lock in PostgreSQL finds. */
  locks: readonly (boolean | Error)[] = []
  readonly givenUp: Error[] = []
  /** Called at each look. */
  onLook: (looks: number) => void = () => undefined

  readonly unit: Contender
  readonly above: Contender

  constructor() {
    const scene = this
    const engine = {
      get hasOneConnection() {
        return scene.hasOneConnection
      },
      get isPostgres() {
        return scene.isPostgres
      },
    }
    const transaction = {
      get isOpen() {
        return scene.isOpen
      },
      get isBeginning() {
        return scene.isBeginning
      },
    }
    const aboveTransaction = {
      heldMs: 12.6,
      get isOpen() {
        scene.onLook(++scene.looks)
        return scene.isAboveOpen
      },
      async locksOut(other: unknown): Promise<boolean> {
        expect(other).to.equal(transaction)
        const found = scene.locks[scene.looks - 1] ?? false
        if (found instanceof Error) throw found
        return found
      },
    }
    const contender = (label: string, own: unknown, isBusy: () => boolean): Contender =>
      ({
        label,
        engine,
        transaction: own,
        get isBusy() {
          return isBusy()
        },
        giveUp: (reason: Error) => void this.givenUp.push(reason),
      }) as unknown as Contender
    this.unit = contender('action "buy"', transaction, () => false)
    this.above = contender('action "sell"', aboveTransaction, () => this.isAboveBusy)
  }

  /** The value after this many looks, if the unit is not given up before. */
  async valueAfter(looks: number): Promise<unknown> {
    const { promise, resolve } = deferred<string>()
    this.onLook = (count) => {
      if (count === looks) resolve('done')
    }
    return unlessHeldAbove(promise, this.unit, this.above)
  }

  failure(): Promise<Error> {
    return failureOf(unlessHeldAbove(new Promise<never>(() => undefined), this.unit, this.above))
  }
}

describe('A unit of work below another one', () => {
  let scene: Scene

  beforeEach(() => {
    scene = new Scene()
  })

  it('has its own outcome', async () => {
    scene.isBeginning = true
    expect(await unlessHeldAbove(Promise.resolve(5), scene.unit, scene.above)).to.equal(5)
    const error = new Error('wrong')
    expect(await failureOf(unlessHeldAbove(Promise.reject(error), scene.unit, scene.above))).to.equal(error)
    await new Promise((resolve) => setImmediate(resolve))
    expect([scene.looks, scene.givenUp]).to.deep.equal([0, []])
  })

  it('is given up at the second look, with what is held', async () => {
    scene.isBeginning = true
    const error = await scene.failure()
    expect(error).to.be.instanceOf(BusyError)
    expect(error.message).to.equal(
      'action "buy" would wait for itself: the turn to write is held by action "sell" (for 13 ms), which waits for this call; write in one action, or commit before the call (await db.commit())',
    )
    expect(error).to.have.property('notStarted', false)
    expect(scene.givenUp).to.deep.equal([error])
    expect(scene.looks).to.equal(2)
  })

  it('is given up where the other one has the only connection', async () => {
    scene.hasOneConnection = true
    scene.isPostgres = true
    expect((await scene.failure()).message).to.include("itself: the store's only connection is held by action")
  })

  it('is given up where the other one has a lock that it needs', async () => {
    scene.isPostgres = true
    scene.locks = [true, true]
    expect((await scene.failure()).message).to.include('itself: the lock that it needs is held by action')
  })

  it('is given up only if two looks in a row find it waiting', async () => {
    scene.isPostgres = true
    scene.locks = [true, false, true, new Error('away'), true, true]
    await scene.failure()
    expect(scene.looks).to.equal(6)
  })

  const goesOn: readonly (readonly [string, Partial<Scene>])[] = [
    ['it does not begin', {}],
    ['the other one is not open', { isBeginning: true, isAboveOpen: false }],
    ['the other one does something', { isBeginning: true, isAboveBusy: true }],
    ['it has the only connection itself', { hasOneConnection: true, isOpen: true, isBeginning: true }],
    ['the other one has no lock that it needs', { isPostgres: true, isBeginning: true }],
  ]
  for (const [why, state] of goesOn)
    it(`goes on if ${why}`, async () => {
      Object.assign(scene, state)
      expect(await scene.valueAfter(3)).to.equal('done')
      expect(scene.givenUp).to.deep.equal([])
    })

  it('is not given up if it is over during the last look', async () => {
    scene.isBeginning = true
    expect(await scene.valueAfter(2)).to.equal('done')
    await new Promise((resolve) => setImmediate(resolve))
    expect([scene.looks, scene.givenUp]).to.deep.equal([2, []])
  })
})
