// What a client says of a port where another program answers.
import { expect } from 'chai'
import { parseAddress } from '../../lib/core/link/address.ts'
import { describeForeign } from '../../lib/core/link/foreign-bytes.ts'

const at = (address: string, bytes: string | readonly number[]): string =>
  describeForeign(parseAddress(address), typeof bytes === 'string' ? Buffer.from(bytes) : Uint8Array.from(bytes))

describe('What began with other bytes', () => {
  it('is HTTP, for which there is another address', () => {
    const http = 'HTTP/1.1 400 Bad Request\r\n'
    expect(at('tcp://tcp.test:1', http)).to.equal('tcp://tcp.test:1 speaks HTTP, not isock: use ws://tcp.test:1')
    expect(at('tls://tls.test:1', http)).to.equal('tls://tls.test:1 speaks HTTP, not isock: use wss://tls.test:1')
    expect(at('unix:/a', http)).to.equal('unix:/a speaks HTTP, not isock')
    expect(at('tcp://h:1', 'HTTP/x')).to.contain('it began with "HTTP/x"')
    expect(at('tcp://h:1', ' HTTP/1')).to.contain('it began with " HTTP/1"')
  })

  it('is TLS, by an alert or a handshake of it, at a port in clear text alone', () => {
    expect(at('tcp://tcp.test:1', [0x15, 0x03, 0x01])).to.equal('tcp://tcp.test:1 speaks TLS: use tls://tcp.test:1')
    expect(at('tcp://h:1', [0x16, 0x03, 0x01])).to.equal('tcp://h:1 speaks TLS: use tls://h:1')
    for (const [address, bytes] of [
      ['tls://h:1', [0x15, 0x03]],
      ['unix:/a', [0x16, 0x03]],
      ['tcp://h:1', [0x15, 0x02]],
      ['tcp://h:1', [0x14, 0x03]],
      ['tcp://h:1', [0x15]],
    ] as const)
      expect(at(address, bytes)).to.match(/ is not an isock server: it began with "\\x1[456]/)
  })

  it('is named as it is elsewhere', () => {
    expect(at('ws://h:1', 'HTTP/1.1 200')).to.equal(
      'ws://h:1/isock is not an isock server: it began with "HTTP/1.1 200"',
    )
    expect(at('wss://h:1', 'x')).to.contain('wss://h:1/isock is not an isock server')
    expect(at('memory:a', [0x15, 0x03])).to.equal('memory:a is not an isock server: it began with "\\x15\\x03"')
    expect(at('tcp://h:1', '')).to.equal('tcp://h:1 is not an isock server: it began with ""')
  })

  it('is shown by its first line, as a terminal may see it', () => {
    expect(at('unix:/a', 'one\ntwo')).to.contain('"one"')
    expect(at('unix:/a', 'one\rtwo')).to.contain('"one"')
    expect(at('unix:/a', [0x1f, 0x20, 0x7e, 0x7f, 0xff, 0x22, 0x5c, 0x00])).to.contain(
      '"\\x1f ~\\x7f\\xff\\x22\\x5c\\x00"',
    )
  })

  it('is cut where it is long', () => {
    expect(at('unix:/a', 'x'.repeat(40))).to.contain(`"${'x'.repeat(40)}"`)
    expect(at('unix:/a', 'x'.repeat(41))).to.contain(`"${'x'.repeat(40)}..."`)
    expect(at('unix:/a', `${'x'.repeat(40)}\nmore`)).to.contain(`"${'x'.repeat(40)}"`)
  })
})
