// Which exports of modules are served.
import { expect } from 'chai'
import { Action } from 'isock'
import { ExportedActions } from '../../lib/modules/exported-actions.ts'

function actionClass() {
  return class Greet extends Action {
    override action(): string {
      return 'hello'
    }
  }
}

const found = (...modules: Record<string, unknown>[]) =>
  new ExportedActions(modules.map((exports) => ({ path: 'm.js', exports })))

describe('ExportedActions', () => {
  it('makes an instance of a class once, under however many names and in however many modules', () => {
    const Greet = actionClass()
    const { instances } = found({ Greet, Alias: Greet }, { Greet })
    expect(instances).to.have.length(1)
    expect(instances[0]).to.be.an.instanceOf(Greet)
  })

  it('takes an instance rather than its class, also of a later module or in a tree', () => {
    const [A, B] = [actionClass(), actionClass()]
    const a = new A()
    const { instances, trees } = found({ A, B }, { a, actions: { b: new B() } })
    expect(instances).to.deep.equal([a])
    expect(trees).to.have.length(1)
  })

  it('looks at each object of a tree once, also where it contains itself', () => {
    let looks = 0
    const tree: Record<string, unknown> = {}
    const look = (): unknown => {
      if (looks++ > 10) throw new Error('it looks again and again')
      return tree
    }
    Object.defineProperties(tree, { one: { get: look, enumerable: true }, two: { get: look, enumerable: true } })
    expect(found({ actions: tree }).trees).to.deep.equal([tree])
    expect(looks).to.equal(2)
  })

  it('ignores what is no action', () => {
    const { instances, trees, skipped } = found({
      number: 1,
      nothing: null,
      text: '',
      run() {},
      Date,
      Action,
      actions: 3,
    })
    expect([instances, trees, skipped]).to.deep.equal([[], [], []])
  })

  it('says why it skips a class', () => {
    class Broken extends Action {
      constructor() {
        super()
        throw new Error('no disk')
      }

      override action(): void {}
    }
    class Contract extends Action<string, string> {}
    const { instances, skipped } = found({ Broken, Contract })
    expect(instances).to.deep.equal([])
    expect(skipped.map(({ name, reason }) => `${name}: ${reason}`)).to.deep.equal([
      'Broken: its constructor threw: no disk',
      'Contract: it is a contract without an action() method; export a subclass that implements it',
    ])
  })
})
