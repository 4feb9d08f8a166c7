// Instances of declared classes and errors, made of what a peer sent: it fills fields, and hides nothing that the class has.
import { expect } from 'chai'
import { RemoteError, ServerError, UnsendableError } from '../../lib/core/base/errors.ts'
import type { Payload } from '../../lib/core/wire/bytes/payload.ts'
import { ClassRegistry } from '../../lib/core/wire/rich/class-registry.ts'
import { StandardCodec } from '../../lib/core/wire/value-codec.ts'
import { overTheWire } from './same-value.ts'

class Order {
  amount = 0
  label?: string
  get isLarge(): boolean {
    return this.amount > 1_000
  }
  set discount(_: number) {
    throw new Error('a setter ran')
  }
  owner(): string {
    return 'the house'
  }
}
class Rush extends Order {
  hours = 1
}
Object.assign(Order.prototype, { unit: 'EUR' })

class Money {
  readonly amount: number
  readonly #checked = true
  constructor(amount: number) {
    if (!(amount >= 0)) throw new RangeError(`an amount of ${amount}`)
    this.amount = amount
  }
  get isChecked(): boolean {
    return this.#checked
  }
  static revive({ amount }: { amount: unknown }): Money {
    return new Money(Number(amount))
  }
}
class Wrong {
  a = 1
  static revive(): object {
    return {}
  }
}
class Purse {
  money: unknown
  bytes: unknown
  constructor(money: unknown, bytes: unknown) {
    this.money = money
    this.bytes = bytes
  }
}
class Shortage extends Error {
  left = 0
  override get message(): string {
    return `only ${this.left} left`
  }
  describe(): string {
    return 'a shortage'
  }
}
/** Its getter needs what its constructor prepares. */
class Prepared extends Error {
  readonly #text: string
  constructor(text: string) {
    super()
    this.#text = text
  }
  override get message(): string {
    return this.#text
  }
}

const registry = new ClassRegistry()
for (const Class of [Order, Rush, Money, Wrong, Purse]) registry.declareClass(Class)
for (const Class of [Shortage, Prepared]) registry.declareError(Class)
const codec = new StandardCodec(registry)

function sent(value: unknown): unknown {
  return codec.decode(overTheWire(codec.encode(value, 'data')))
}

/** What a peer could send for an instance, or an error. */
function handMade(kind: 'class' | 'error', json: string): Payload {
  return { json, meta: JSON.stringify({ values: [['custom', kind]], v: 1 }), bytes: [] }
}

function refusal(payload: Payload): string {
  try {
    codec.decode(payload)
  } catch (error) {
    expect(error).to.be.instanceOf(ServerError).with.property('code', 'BAD_REQUEST')
    return (error as Error).message
  }
  throw new Error('it was taken')
}

describe('instances of declared classes', () => {
  it('arrive with their fields, and with what their class has', () => {
    const came = sent(Object.assign(new Rush(), { amount: 5_000, label: 'a' })) as Rush
    expect(came).to.be.instanceOf(Rush)
    expect([came.amount, came.hours, came.isLarge, came.owner()]).to.deep.equal([5_000, 1, true, 'the house'])
  })

  for (const [what, field] of [
    ['a getter', 'isLarge'],
    ['a setter', 'discount'],
    ['a method', 'owner'],
    ['the constructor', 'constructor'],
    ['a method of all objects', 'hasOwnProperty'],
    ['the prototype', '__proto__'],
  ] as const) {
    it(`are refused with a field that hides ${what}`, () => {
      for (const name of ['Order', 'Rush']) {
        expect(refusal(handMade('class', `["${name}",{"amount":5000,"${field}":false}]`))).to.contain(
          `an instance of "${name}" with a field "${field}", which is a getter or a method of its class`,
        )
      }
    })

    it(`are not sent with a field that hides ${what}`, () => {
      const order = Object.defineProperty(new Rush(), field, { value: 1, enumerable: true })
      expect(() => codec.encode({ list: [order] }, 'data')).to.throw(
        UnsendableError,
        `cannot send data.list[0]: its field "${field}" hides a getter or a method of class Rush`,
      )
    })
  }

  it('may have a field that its prototype has as a default', () => {
    const came = sent(Object.assign(new Order(), { unit: 'USD' })) as Order & { unit: string }
    expect(came.unit).to.equal('USD')
  })

  it('are rebuilt by static revive, which may refuse', () => {
    const came = sent(new Money(5)) as Money
    expect([came.amount, came.isChecked]).to.deep.equal([5, true])
    expect(refusal(handMade('class', '["Money",{"amount":-5}]'))).to.match(
      /an instance of "Money" rejected by its static revive: an amount of -5/,
    )
    expect(refusal(handMade('class', '["Money",{}]'))).to.match(/rejected by its static revive: an amount of NaN/)
    expect(refusal(handMade('class', '["Money",{"isChecked":true}]'))).to.match(/with a field "isChecked"/)
  })

  it('are refused where static revive returns something else', () => {
    expect(refusal(handMade('class', '["Wrong",{"a":1}]'))).to.match(/static revive returned something else/)
  })

  it('may send and read values while they are rebuilt', () => {
    class Nested {
      a = 1
      static revive(): Nested {
        codec.decode(codec.encode([new Date(0), new Uint16Array([7])], 'data'))
        return new Nested()
      }
    }
    registry.declareClass(Nested)
    const came = sent(new Purse(new Nested(), new Uint16Array([1, 2]))) as Purse
    expect(came.money).to.be.instanceOf(Nested)
    expect(came.bytes).to.deep.equal(new Uint16Array([1, 2]))
  })
})

describe('errors', () => {
  const hiding = ['toString', 'hasOwnProperty', 'constructor', 'valueOf', 'isPrototypeOf', '__proto__']

  for (const [what, record] of [
    ['of a declared class', { class: 'Shortage', message: 'no' }],
    ['of JavaScript', { class: 'TypeError', message: 'no' }],
    ['of isock', { class: 'ServerError', message: 'no' }],
    ['of an unknown class', { class: 'Unknown', message: 'no' }],
  ] as const) {
    it(`${what} keep the methods of all objects, whatever a peer sends`, () => {
      const fields = `{"left":3,${hiding.map((key) => `"${key}":"hidden"`).join()}}`
      const json = JSON.stringify({ ...record, fields: 0 }).replace('"fields":0', `"fields":${fields}`)
      const came = codec.decode(handMade('error', json)) as Error & { left?: number; data?: { left: number } }
      expect(String(came)).to.match(/^\w+: /)
      for (const target of came instanceof RemoteError ? [came, came.data] : [came]) {
        for (const key of hiding) expect(Object.hasOwn(target, key), key).to.equal(false)
      }
      expect(came instanceof RemoteError ? came.data.left : came.left).to.equal(3)
    })
  }

  it('are sent without the fields that hide a method of theirs', () => {
    const error = Object.assign(new Shortage(), { left: 3, describe: 'hidden', toString: 'hidden' })
    const came = sent(error) as Shortage
    expect(came).to.be.instanceOf(Shortage)
    expect([came.left, came.describe(), came.message, String(came)]).to.deep.equal([
      3,
      'a shortage',
      'only 3 left',
      'Error: only 3 left',
    ])
    const json = String((codec.encode(error, 'data') as { json: string }).json)
    expect(json).not.to.contain('hidden')
  })

  it('keep a getter for their message, unless it needs what their constructor prepared', () => {
    const forged = '{"class":"Shortage","message":"all is well","fields":{"left":3}}'
    expect((codec.decode(handMade('error', forged)) as Error).message).to.equal('only 3 left')
    const came = sent(new Prepared('of the constructor')) as Prepared
    expect(came).to.be.instanceOf(Prepared)
    expect(came.message).to.equal('of the constructor')
  })
})
