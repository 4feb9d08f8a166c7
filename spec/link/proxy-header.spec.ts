// The headers of the PROXY protocol, in literal bytes.
import { expect } from 'chai'
import fc from 'fast-check'
import { type HeaderReading, readProxyHeader } from '../../lib/core/link/proxy-header.ts'
import { binaryOf, ipv4Body, ipv6Body, lineFor, tlv } from '../setup/proxy-headers.ts'

const read = (header: string | Buffer): HeaderReading => readProxyHeader(Buffer.from(header as string))
const clientOf = (header: string | Buffer) => {
  const reading = read(header)
  return reading.state === 'complete' ? [reading.length, reading.client?.address, reading.client?.port] : reading
}

describe('A PROXY header', () => {
  it('of version 1 names the client, and ends with its line', () => {
    expect(clientOf(`${lineFor('203.0.113.7')}PROXY`)).to.deep.equal([45, '203.0.113.7', 40_000])
    expect(clientOf(lineFor('2001:db8:0:0::7', 0))).to.deep.equal([47, '2001:db8::7', 0])
  })

  it('of version 2 names the client, and ends with its length, whatever TLVs it has', () => {
    expect(clientOf(Buffer.concat([binaryOf(0x21, 0x11, ipv4Body), Buffer.from('more')]))).to.deep.equal([
      28,
      '203.0.113.7',
      40_000,
    ])
    expect(clientOf(binaryOf(0x21, 0x21, [...ipv6Body, ...tlv]))).to.deep.equal([66, '2001:db8::7', 40_000])
  })

  it('is of the proxy itself where it says LOCAL or UNKNOWN, or has no IP address', () => {
    for (const [header, length] of [
      ['PROXY UNKNOWN\r\n', 15],
      ['PROXY UNKNOWN 203.0.113.7 whatever 1 2\r\n', 40],
      [binaryOf(0x20, 0x00, []), 16],
      [binaryOf(0x20, 0x11, ipv4Body), 28],
      [binaryOf(0x20, 0x99, [1, 2]), 18],
      [binaryOf(0x21, 0x00, tlv), 30],
      [binaryOf(0x21, 0x31, Array<number>(216).fill(0x61)), 232],
    ] as const)
      expect(clientOf(header), String(header)).to.deep.equal([length, undefined, undefined])
  })

  it('has an address of IPv4 as such, also within IPv6', () => {
    const mapped = [...Array<number>(10).fill(0), 0xff, 0xff, 127, 0, 0, 1]
    expect(clientOf(binaryOf(0x21, 0x21, [...mapped, ...ipv6Body.slice(16)]))).to.deep.equal([52, '127.0.0.1', 40_000])
    for (const address of ['::ffff:127.0.0.1', '::ffff:7f00:1', '0:0:0:0:0:ffff:7f00:1'])
      expect(clientOf(lineFor(address))).to.include('127.0.0.1')
  })

  it('is waited for while it may still become one', () => {
    for (const whole of [
      Buffer.from(lineFor('203.0.113.7')),
      Buffer.from('PROXY UNKNOWN\r\n'),
      binaryOf(0x21, 0x21, [...ipv6Body, ...tlv]),
    ])
      for (let i = 0; i < whole.length; i++)
        expect(read(whole.subarray(0, i)).state, `${i} of ${whole.length}`).to.equal('incomplete')
  })

  it('is broken as soon as it cannot be read', () => {
    const longLine = (length: number): string => `PROXY UNKNOWN ${'x'.repeat(length - 16)}\r\n`
    expect(read(longLine(107)).state).to.equal('complete')
    for (const header of [
      'GET / HTTP/1.1\r\n',
      'proxy TCP4 203.0.113.7 192.0.2.1 40000 4440\r\n',
      'PROXYTCP4',
      '\r\n\r\n\0\r\nQUIT\r',
      Buffer.from([0x16, 0x03, 0x01]),
      longLine(108),
      'x'.repeat(107).replace(/^x{6}/, 'PROXY '),
      'PROXY \r\n',
      'PROXY TCP5 203.0.113.7 192.0.2.1 1 2\r\n',
      'PROXY TCP4 203.0.113.7 192.0.2.1 1\r\n',
      'PROXY TCP4 203.0.113.7 192.0.2.1 1 2 3\r\n',
      'PROXY TCP4  203.0.113.7 192.0.2.1 1 2\r\n',
      'PROXY TCP4 203.0.113.7 192.0.2.1 1 65536\r\n',
      'PROXY TCP4 203.0.113.7 192.0.2.1 01 2\r\n',
      'PROXY TCP4 203.0.113.7 192.0.2.1 -1 2\r\n',
      'PROXY TCP4 203.0.113.256 192.0.2.1 1 2\r\n',
      'PROXY TCP4 2001:db8::7 2001:db8::1 1 2\r\n',
      'PROXY TCP6 203.0.113.7 192.0.2.1 1 2\r\n',
      'PROXY TCP6 fe80::1%lo fe80::2 1 2\r\n',
      'PROXY TCP4 localhost 192.0.2.1 1 2\r\n',
      binaryOf(0x11, 0x11, ipv4Body),
      binaryOf(0x22, 0x11, ipv4Body),
      binaryOf(0x21, 0x12, ipv4Body),
      binaryOf(0x21, 0x41, ipv4Body),
      binaryOf(0x21, 0x11, ipv4Body.slice(1)),
      binaryOf(0x21, 0x21, ipv4Body),
      binaryOf(0x21, 0x11, ipv4Body, 4_097),
      binaryOf(0x20, 0x00, [], 65_535),
    ])
      expect(read(header).state, JSON.stringify(String(header))).to.equal('broken')
  })

  it('is judged whatever the bytes are, and never ends behind them', () => {
    const beginnings = [
      Buffer.alloc(0),
      Buffer.from('PROXY TCP4 '),
      Buffer.from('PROXY TCP6 '),
      binaryOf(0x21, 0x21, []),
    ]
    const bytes = fc
      .tuple(fc.constantFrom(...beginnings), fc.uint8Array({ maxLength: 300 }))
      .map(([beginning, more]) => Buffer.concat([beginning.subarray(0, 14), more]))
    fc.assert(
      fc.property(bytes, (given) => {
        const reading = read(given)
        if (reading.state === 'complete') expect(reading.length).to.be.within(15, Math.min(given.length, 4_112))
      }),
      { numRuns: 2_000 },
    )
  })
})
