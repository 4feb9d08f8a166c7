// How classes are known: by a mark that copies share, by name on the wire, and two of one name apart.
import { expect } from 'chai'
import { brand, isBrandedPrototype, isSubclass } from '../../lib/core/base/brand.ts'
import { isRelated, KnownClasses } from '../../lib/core/base/known-classes.ts'
import { named, ownWireNameOf } from '../../lib/core/base/own-classes.ts'

describe('A branded class', () => {
  const copies = () =>
    [class Thing {}, class Thing {}].map((Class) => {
      brand('isock.spec.Thing', Class)
      return Class
    }) as [new () => object, new () => object]

  it('has the instances of another copy, and of its subclasses', () => {
    const [One, Other] = copies()
    class Below extends Other {}
    for (const value of [new One(), new Other(), new Below()]) expect(value).to.be.instanceOf(One)
    expect(Object.setPrototypeOf(() => undefined, new Other())).to.be.instanceOf(One)
  })

  it('has nothing else: no other values, and not its own prototype', () => {
    const [One] = copies()
    for (const value of [{}, null, undefined, 'text', 5, Symbol('s'), () => undefined, One.prototype])
      expect((value as object) instanceof One, typeof value).to.equal(false)
  })

  it('leaves subclasses the ordinary test', () => {
    const [One] = copies()
    class Below extends One {}
    expect(new Below()).to.be.instanceOf(Below)
    expect(new One()).to.not.be.instanceOf(Below)
  })

  it('tells its subclasses, of either copy, from itself', () => {
    const [One, Other] = copies()
    expect(isSubclass(class extends One {}, One)).to.equal(true)
    expect(isSubclass(class extends Other {}, One)).to.equal(true)
    for (const value of [One, Other, class {}, { prototype: new One() }, undefined])
      expect(isSubclass(value, One)).to.equal(false)
  })

  it('is told by its prototype, in whichever copy', () => {
    const [One, Other] = copies()
    class Below extends One {}
    expect([One, Other, Below].map((Class) => isBrandedPrototype(Class.prototype, 'isock.spec.Thing'))).to.deep.equal([
      true,
      true,
      false,
    ])
    expect(isBrandedPrototype(One.prototype, 'isock.spec.Another')).to.equal(false)
  })
})

describe('A class of the package', () => {
  it('has the name of its table whatever a minifier called it, and is branded by it', () => {
    const a = class extends Error {}
    expect(named({ SpecError: a })).to.deep.equal([a])
    expect(a.name).to.equal('SpecError')
    expect(ownWireNameOf(a.prototype)).to.equal('SpecError')
    expect(isBrandedPrototype(a.prototype, 'isock.SpecError')).to.equal(true)
  })

  it('does not lend its name to subclasses', () => {
    const Own = class extends Error {}
    named({ Own })
    expect(ownWireNameOf(class Below extends Own {}.prototype)).to.equal(undefined)
    expect(ownWireNameOf({})).to.equal(undefined)
  })
})

describe('Classes that are known by name', () => {
  const makeAlike = () => class Alike {}

  it('are claimed once, by each kind', () => {
    const known = new KnownClasses()
    class One {}
    class Two {
      readonly field = 1
    }
    expect(known.claim('action', 'pay', One)).to.equal(undefined)
    expect(known.claim('action', 'pay', One)).to.equal(undefined)
    expect(known.claim('channel', 'pay', Two)).to.equal(undefined)
    expect(known.claim('action', 'pay', Two)).to.equal(
      'two different classes are called action "pay" here; give one of them another `static actionName`',
    )
    expect(known.claim('action', 'pay', One), 'the first keeps it').to.equal(undefined)
  })

  it('are one where one extends the other, or both have the same text', () => {
    const known = new KnownClasses()
    class Contract {}
    class Implementation extends Contract {
      readonly field = 1
    }
    known.claim('action', 'pay', Contract)
    expect(known.claim('action', 'pay', Implementation)).to.equal(undefined)
    known.claim('action', 'refund', Implementation)
    expect(known.claim('action', 'refund', Contract)).to.equal(undefined)
    known.claim('action', 'alike', makeAlike())
    expect(known.claim('action', 'alike', makeAlike())).to.equal(undefined)
  })

  it('may share a name where the other side tells them apart', () => {
    const known = new KnownClasses()
    class One {}
    class Two {
      readonly field = 1
    }
    known.claim('action', 'pay', One)
    const asked: unknown[] = []
    const isDistinct = (other: unknown): boolean => asked.push(other) === 1
    expect(known.claim('action', 'pay', Two, isDistinct)).to.equal(undefined)
    expect(asked).to.deep.equal([One])
    expect(known.claim('action', 'pay', Two, () => false)).to.contain('two different classes')
  })

  it('are related in either direction', () => {
    class Above {}
    class Below extends Above {}
    class Beside extends Above {}
    expect([isRelated(Above, Below), isRelated(Below, Above), isRelated(Below, Beside)]).to.deep.equal([
      true,
      true,
      false,
    ])
  })
})
