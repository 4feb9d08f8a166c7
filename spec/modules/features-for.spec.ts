// Which features the exports of modules need.
import { expect } from 'chai'
import { Action, Server } from '../../lib/index.ts'
import { featuresFor } from '../../lib/modules/features-for.ts'

class Here extends Action {
  override action(): string {
    return 'here'
  }
}
class There extends Here {
  static override threaded: string | false = 'file:///actions.mjs'
}
class HereAgain extends There {
  static override threaded = false as const
}

/** In as many objects, one in the other. */
function nested(value: unknown, depth: number): Record<string, unknown> {
  const tree = { a: value }
  return depth === 1 ? tree : nested(tree, depth - 1)
}

describe('The features that modules need', () => {
  const needed = async (...exports: Record<string, unknown>[]): Promise<string[]> => {
    const features = await featuresFor(
      exports.map((each) => ({ path: '/module.mjs', exports: each })),
      undefined,
    )
    return features.map(({ name }) => name)
  }

  it('are threads for a class, an instance or a tree with a threaded action, in any of them', async () => {
    for (const value of [There, new There(), { of: { some: new There() } }, { of: There }])
      expect(await needed({ Here, rest: 3 }, { nothing: null, value })).to.deep.equal(['threads'])
  })

  it('are none for actions without threads, and for what is no action', async () => {
    const exports = { Here, here: new Here(), HereAgain, again: new HereAgain(), tree: { here: new Here() } }
    expect(await needed({ ...exports, text: 'There', list: [There], run: () => There })).to.deep.equal([])
  })

  it('are data where it is exported', async () => {
    const features = await featuresFor([{ path: '/module.mjs', exports: { Here } }], { models: [], url: 'memory:' })
    expect(features.map(({ name }) => name)).to.deep.equal(['data'])
  })

  it('are those of every tree that a server takes, however deep', async () => {
    // A server refuses one more.
    const deepest = nested(new There(), 33)
    const [name] = await needed({ actions: deepest })
    expect(name).to.equal('threads')
    const server = new Server('127.0.0.1', 0, {
      features: await featuresFor([{ path: '/m.mjs', exports: { deepest } }], undefined),
    })
    expect(() => server.addActions(deepest as never)).not.to.throw()
    expect(() => new Server('127.0.0.1', 0).addActions(nested(new Here(), 34) as never)).to.throw('nested deeper')
  })

  it('look at each object once, also where exports contain themselves', async () => {
    let looks = 0
    const config: Record<string, unknown> = {}
    const look = (): unknown => {
      if (looks++ > 10) throw new Error('it looks again and again')
      return config
    }
    Object.defineProperties(config, { one: { get: look, enumerable: true }, two: { get: look, enumerable: true } })
    expect(await needed({ config, also: config })).to.deep.equal([])
    expect(looks).to.equal(2)
  })
})
