// Which calls wait for each other where one of them is refused as busy.
import { expect } from 'chai'
import { addresseeOf } from '../../lib/core/action/addressee.ts'

describe('the addressee of a call', () => {
  it('is its action, whatever the data of a program are like', () => {
    expect(addresseeOf('Work', { service: 'a' })).to.equal('Work')
    expect(addresseeOf('Work', 'a')).to.equal('Work')
  })

  it('is the service, room or process that a request of the library names', () => {
    const requests = [
      undefined,
      null,
      { args: 1 },
      'a',
      'b',
      { service: 'a', args: 1 },
      { service: 'b', args: 1 },
      { channel: 'a', key: 'b' },
      { channel: 'a', key: 'c' },
      { channel: 'ab' },
    ]
    const all = requests.map((data) => addresseeOf('isock.any', data))
    expect(new Set(all)).to.have.property('size', 6)
    expect(addresseeOf('isock.any', { service: 'a', args: 2 })).to.equal(all[5])
  })
})
