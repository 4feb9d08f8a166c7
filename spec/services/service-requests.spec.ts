// What a peer may ask of a service, and what each wrong request is told.
import { expect } from 'chai'
import { ServerError } from '../../lib/core/base/errors.ts'
import type { Verb } from '../../lib/features/services/service.ts'
import { badRequest, readRequest } from '../../lib/features/services/service-requests.ts'

function faultOf(request: unknown, verb: Verb = 'exec'): string {
  try {
    readRequest(verb, request)
  } catch (error) {
    expect(error).to.be.instanceOf(ServerError).and.include({ code: 'BAD_REQUEST', notStarted: true })
    return (error as Error).message
  }
  return 'it was taken'
}

const wrong = 'invalid request to a service: expected'

describe('A request to a service', () => {
  it('is read as it is, without what it does not have', () => {
    expect(readRequest('exec', { service: 'S', other: 1 })).to.deep.equal({ service: 'S', args: undefined })
    expect(readRequest('exec', { service: 'S', args: [1], key: 'k', confirm: 'receipt' })).to.deep.equal({
      service: 'S',
      args: [1],
      key: 'k',
      confirm: 'receipt',
    })
    for (const shutdown of [true, false])
      expect(readRequest('exit', { service: 'S', shutdown })).to.deep.equal({ service: 'S', args: undefined, shutdown })
    expect(Object.keys(readRequest('exit', { service: 'S' }))).to.deep.equal(['service', 'args'])
  })

  it('names a service with 1 to 512 characters', () => {
    expect(readRequest('init', { service: 's'.repeat(512) }).service).to.have.length(512)
    const name = `${wrong} { service } to be a name of 1 to 512 characters, got`
    expect(faultOf({ service: 's'.repeat(513) })).to.equal(`${name} a string of 513 characters`)
    expect(faultOf({ service: '' })).to.equal(`${name} ""`)
    expect(faultOf({ service: 7 })).to.equal(`${name} 7`)
    for (const none of [undefined, null, 7]) expect(faultOf(none)).to.equal(`${name} undefined`)
  })

  it('confirms by a receipt alone', () => {
    expect(faultOf({ service: 'S', confirm: true })).to.equal(`${wrong} { confirm } to be 'receipt', got true`)
    expect(faultOf({ service: 'S', confirm: null })).to.equal(`${wrong} { confirm } to be 'receipt', got null`)
  })

  it('has a key that a store can keep', () => {
    expect(faultOf({ service: 'S', key: '' })).to.equal(
      'invalid request to a service: a key is a text of 1 to 512 bytes, got ""',
    )
    expect(faultOf({ service: 'S', key: 'k'.repeat(512) })).to.equal('it was taken')
    expect(faultOf({ service: 'S', key: 'k'.repeat(513) })).to.include('1 to 512 bytes')
  })

  it('shuts down with its exit only', () => {
    expect(faultOf({ service: 'S', shutdown: 1 }, 'exit')).to.equal(`${wrong} { shutdown } to be a boolean, got 1`)
    expect(faultOf({ service: 'S', shutdown: null }, 'exit')).to.equal(
      `${wrong} { shutdown } to be a boolean, got null`,
    )
    for (const verb of ['init', 'exec'] as const)
      for (const shutdown of [true, false])
        expect(faultOf({ service: 'S', shutdown }, verb)).to.equal(
          'invalid request to a service: { shutdown } goes with terminate only',
        )
  })
})

describe('A bad request', () => {
  it('says what is wrong, and that nothing has begun', () => {
    expect(badRequest('x')).to.include({
      message: 'invalid request to a service: x',
      code: 'BAD_REQUEST',
      notStarted: true,
    })
  })
})
