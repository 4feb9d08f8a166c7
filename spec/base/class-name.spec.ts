import { expect } from 'chai'
import { nameOf, requireNameOf } from '../../lib/core/base/class-name.ts'

const refuse = (message: string): Error => new Error(message)
const called = (name: string, statics: object = {}): unknown =>
  Object.assign(Object.defineProperty(class {}, 'name', { value: name }), statics)

describe('the name of a class', () => {
  for (const name of ['t', 'ab', '$', 'x1', '_'])
    it(`is refused where it is "${name}"`, () => {
      expect(() => requireNameOf(called(name), 'wireName', refuse)).to.throw(
        `class name "${name}" looks minified: give the class a \`static wireName = '...'\`, or build with keepNames`,
      )
      expect(nameOf(called(name), 'wireName')).to.equal(name)
    })

  for (const name of ['Pay', 'pay', '', '支付', 'Ça'])
    it(`is taken where it is "${name}"`, () => {
      expect(requireNameOf(called(name), 'actionName', refuse)).to.equal(name)
    })

  it('may be short where a static gives it', () => {
    expect(requireNameOf(called('t', { actionName: 'p' }), 'actionName', refuse)).to.equal('p')
  })

  it('is not inherited where it names one class, and is where it names a contract', () => {
    class Base {
      static actionName = 'base'
      static guardName = 'login'
    }
    class Below extends Base {}
    expect(requireNameOf(Below, 'actionName', refuse)).to.equal('Below')
    expect(requireNameOf(Below, 'guardName', refuse)).to.equal('login')
    const Short = Object.defineProperty(class extends Base {}, 'name', { value: 't' })
    expect(() => requireNameOf(Short, 'actionName', refuse)).to.throw('looks minified')
    expect(requireNameOf(Short, 'guardName', refuse)).to.equal('login')
  })

  it('is nothing where there is no class', () => {
    for (const value of [undefined, null, {}, 5]) {
      expect(nameOf(value, 'wireName')).to.equal('')
      expect(requireNameOf(value, 'wireName', refuse)).to.equal('')
    }
    expect(nameOf({ name: 'by field', wireName: 'not of a class' }, 'wireName')).to.equal('by field')
  })

  it('is its own where a static says undefined', () => {
    expect(nameOf(called('Pay', { actionName: undefined }), 'actionName')).to.equal('Pay')
    expect(() => requireNameOf(called('p', { guardName: undefined }), 'guardName', refuse)).to.throw('looks minified')
  })
})
