// The list of trusted addresses: single ones and ranges, of both versions, and peers that have none.
import { expect } from 'chai'
import type { Peer } from '../../lib/core/link/link.ts'
import { TrustList } from '../../lib/core/server/trust.ts'

function peerAt(address: string): Peer {
  return { transport: 'tcp', description: address, address, isPrivate: false }
}

describe('A list of trusted addresses', () => {
  it('has single addresses, and no other ones', () => {
    const list = new TrustList(['192.0.2.7', '::1', '2001:db8::7'])
    for (const address of ['192.0.2.7', '::1', '0:0:0:0:0:0:0:1', '2001:db8::7', '::ffff:192.0.2.7'])
      expect(list.includes(peerAt(address)), address).to.equal(true)
    for (const address of ['192.0.2.8', '127.0.0.1', '::2', '2001:db8::8', '::ffff:192.0.2.8'])
      expect(list.includes(peerAt(address)), address).to.equal(false)
  })

  it('has ranges, from their first address to their last', () => {
    const list = new TrustList(['10.0.0.0/8', '2001:db8::/32'])
    for (const address of ['10.0.0.0', '10.255.255.255', '2001:db8::', '2001:db8:ffff:ffff:ffff:ffff:ffff:ffff'])
      expect(list.includes(peerAt(address)), address).to.equal(true)
    for (const address of ['9.255.255.255', '11.0.0.0', '2001:db7:ffff::', '2001:db9::'])
      expect(list.includes(peerAt(address)), address).to.equal(false)
  })

  it('has nobody without an address, as over a Unix socket', () => {
    const peer: Peer = { transport: 'unix', description: 'unix:/x', isPrivate: true }
    expect(new TrustList(['0.0.0.0/0', '::/0']).includes(peer)).to.equal(false)
  })

  it('has nobody where it is empty', () => {
    expect(new TrustList().includes(peerAt('127.0.0.1'))).to.equal(false)
    expect(new TrustList([]).includes(peerAt('::1'))).to.equal(false)
  })

  it('refuses what is not an address or a range', () => {
    for (const entry of [
      'nowhere',
      '',
      '10.0.0.0/33',
      '::/129',
      '10.0.0.0/8/8',
      '10.0.0.0/',
      '10.0.0.0/x',
      5,
      undefined,
    ])
      expect(() => new TrustList([entry as string]), String(entry)).to.throw('option trust')
  })
})
