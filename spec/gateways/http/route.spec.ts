// Which paths are the gateway's, where they lead, and which methods they take.
import { expect } from 'chai'
import { methodsOf, routeOf } from '../../../lib/gateways/http/route.ts'

describe('The route of a path', () => {
  const routes: readonly [path: string, route: object | undefined][] = [
    ['/actions', { to: 'actions' }],
    ['/metrics', { to: 'metrics' }],
    ['/actions/Add', { to: 'action', name: 'Add' }],
    ['/actions/a%2Fb%20c', { to: 'action', name: 'a/b c' }],
    ['/channels/news', { to: 'channel', name: 'news' }],
    ['/health/live', { to: 'health', check: 'live' }],
    ['/health/ready', { to: 'health', check: 'ready' }],
    ['/actions/', { to: 'unknown' }],
    ['/actions/a/b', { to: 'unknown' }],
    ['/actions/a/', { to: 'unknown' }],
    ['/actions/%', { to: 'unknown' }],
    ['/channels', { to: 'unknown' }],
    ['/channels/', { to: 'unknown' }],
    ['/channels/a/b', { to: 'unknown' }],
    ['/channels/%ff', { to: 'unknown' }],
    ['/', undefined],
    ['', undefined],
    ['/metrics/', undefined],
    ['/metrics/a', undefined],
    ['/health', undefined],
    ['/health/', undefined],
    ['/health/dead', undefined],
    ['/health/live/', undefined],
    ['/health/ready/a', undefined],
    ['/other', undefined],
    ['/other/live', undefined],
    ['/Actions/a', undefined],
  ]

  for (const [path, route] of routes)
    it(`of ${JSON.stringify(path)} is ${JSON.stringify(route) ?? 'none'}, with and without a prefix`, () => {
      expect(routeOf(path, '')).to.deep.equal(route)
      expect(routeOf(`/api${path}`, '/api')).to.deep.equal(route)
    })

  it('is none outside of the prefix', () => {
    expect(routeOf('/actions', '/api')).to.equal(undefined)
    expect(routeOf('/api', '/api')).to.equal(undefined)
    expect(routeOf('/api-actions', '/api')).to.equal(undefined)
    expect(routeOf('/other/actions', '/api')).to.equal(undefined)
    expect(routeOf('/x/api/actions', '/api')).to.equal(undefined)
  })

  it('takes these methods', () => {
    expect(methodsOf({ to: 'action', name: 'a' })).to.deep.equal(['GET', 'HEAD', 'POST'])
    expect(methodsOf({ to: 'channel', name: 'a' })).to.deep.equal(['GET'])
    expect(methodsOf({ to: 'actions' })).to.deep.equal(['GET', 'HEAD'])
    expect(methodsOf({ to: 'metrics' })).to.deep.equal(['GET', 'HEAD'])
    expect(methodsOf({ to: 'health', check: 'live' })).to.deep.equal(['GET', 'HEAD'])
    expect(methodsOf({ to: 'unknown' })).to.deep.equal(['GET', 'HEAD'])
  })
})
