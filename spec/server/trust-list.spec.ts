// Which addresses a trust list has.
import { expect } from 'chai'
import type { Peer } from '../../lib/core/link/link.ts'
import { TrustList } from '../../lib/core/server/trust.ts'

const from = (address?: string) =>
  ({ transport: 'tcp', description: 'x', isPrivate: false, address }) as unknown as Peer

describe('A list of trusted addresses', () => {
  it('has what it names, and nothing else', () => {
    const one = new TrustList(['10.1.2.3'])
    expect(['10.1.2.3', '10.1.2.4', '::1', undefined].map((address) => one.includes(from(address)))).to.deep.equal([
      true,
      false,
      false,
      false,
    ])
    const ranges = new TrustList(['10.0.0.0/8', 'fd00::/8'])
    expect(
      ['10.9.9.9', '11.0.0.1', 'fd12::1', 'fe80::1'].map((address) => ranges.includes(from(address))),
    ).to.deep.equal([true, false, true, false])
  })

  it('has nobody where it is empty', () => {
    for (const address of ['127.0.0.1', '::1', undefined])
      expect(new TrustList([]).includes(from(address))).to.equal(false)
  })

  it('is refused for what is no address', () => {
    for (const wrong of ['', 'localhost', '10.0.0.0/', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.0/x', '1.2.3', 7])
      expect(() => new TrustList([wrong as string]), String(wrong)).to.throw('option trust')
  })
})
