// Which credentials a request may show, and who a caller without an identity is.
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import type { Peer } from '../../../lib/core/link/link.ts'
import { WebRefusal } from '../../../lib/features/web/gateway.ts'
import { anonymousId, readCredentials } from '../../../lib/gateways/http/admit-request.ts'

const refusalOf = (authorization: string) => {
  try {
    return readCredentials({ authorization })
  } catch (error) {
    return error instanceof WebRefusal ? [error.status, error.message] : error
  }
}

describe('The credentials of a request', () => {
  const malformed = [400, 'Authorization: expected "Bearer <token>"']

  it('are those of its headers', () => {
    expect(readCredentials({})).to.deep.equal([])
    const token = readCredentials({ authorization: 'bearer abc' })
    expect(token.map(({ value }) => value)).to.deep.equal(['abc'])
    expect(readCredentials({ 'isock-credentials': '{"Gate":1}' })).to.deep.equal([{ guard: 'Gate', value: 1 }])
  })

  for (const authorization of ['Basic abc', '', 'Bearers abc', ' Bearer abc', 'Bearer'])
    it(`are not read from ${JSON.stringify(authorization)}`, () => {
      expect(refusalOf(authorization)).to.deep.equal(malformed)
    })
})

describe('The id of an anonymous caller', () => {
  const peer = (address?: string, fingerprint?: string): Peer => ({
    transport: 'http',
    description: 'a client',
    isPrivate: false,
    ...(address === undefined ? {} : { address }),
    ...(fingerprint === undefined ? {} : { certificate: { commonName: 'a', fingerprint, subject: {} } }),
  })
  const shown = (guard: string, value: unknown) => [{ guard, value }]
  const guards = new Set(['Gate'])
  const hashOf = (text: string) => `credentials:${createHash('sha256').update(text).digest('base64')}`

  it('is a hash of the credentials, wherever the caller is, if a guard of the server checked them', () => {
    const expected = hashOf('[[["Gate","a"]],null,null]')
    expect(anonymousId(shown('Gate', 'a'), peer('1.2.3.4'), guards)).to.equal(expected)
    expect(anonymousId(shown('Gate', 'a'), peer('5.6.7.8'), guards)).to.equal(expected)
    expect(anonymousId([...shown('Gate', 'a'), ...shown('Other', 'b')], peer('5.6.7.8'), guards)).to.equal(
      hashOf('[[["Gate","a"],["Other","b"]],null,null]'),
    )
  })

  it('has the address where no guard checked anything', () => {
    expect(anonymousId([], peer('1.2.3.4'), guards)).to.equal(hashOf('[[],null,"1.2.3.4"]'))
    expect(anonymousId(shown('Other', 'a'), peer('1.2.3.4'), guards)).to.equal(
      hashOf('[[["Other","a"]],null,"1.2.3.4"]'),
    )
    expect(anonymousId([], peer('2001:db8::1'), guards)).to.equal(anonymousId([], peer('2001:db8::2'), guards))
    expect(anonymousId([], peer(), guards)).to.equal(hashOf('[[],null,"local"]'))
  })

  it('has the certificate, wherever the caller is', () => {
    expect(anonymousId([], peer('1.2.3.4', 'AA:BB'), guards)).to.equal(hashOf('[[],"AA:BB",null]'))
  })
})
