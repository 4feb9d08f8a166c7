// What a foreign client is told that the server does not admit, and what it gets when it is admitted.
import { expect } from 'chai'
import { AuthError, BusyError, ClientError, IsockError, ServerError } from 'isock'
import type { Peer } from '../../lib/core/link/link.ts'
import { type WebHost, WebRefusal } from '../../lib/features/web/gateway.ts'
import { AdmissionRefusal, admissionRefusal, admit } from '../../lib/gateways/admission.ts'
import type { LocalClient } from '../../lib/gateways/local-client.ts'

const told = (error: unknown) => {
  const { status, code, message, closeCode } = admissionRefusal(error)
  return [status, code, message, closeCode]
}
const full = 'the server accepts no more clients at the moment'

describe('The refusal of a foreign client', () => {
  it('has a status, a code and a close code by the error', () => {
    expect(told(new AuthError('not you'))).to.deep.equal([401, 'UNAUTHENTICATED', 'not you', 1008])
    expect(told(new ClientError('secret', { code: 'INVALID_OPTION' }))).to.deep.equal([
      431,
      'TOO_LARGE',
      'the credentials have more than 4 KiB',
      1008,
    ])
    expect(told(new ServerError('taken', { code: 'NAME_TAKEN' }))).to.deep.equal([409, 'NAME_TAKEN', 'taken', 1008])
    expect(told(new ServerError('ending', { code: 'SHUTTING_DOWN' }))).to.deep.equal([
      503,
      'SHUTTING_DOWN',
      'ending',
      1013,
    ])
    for (const error of [new BusyError('secret'), new IsockError('X', 'secret'), new Error('secret'), undefined])
      expect(told(error)).to.deep.equal([503, 'BUSY', full, 1013])
    expect(told(Object.assign(new Error('secret'), { code: 'NAME_TAKEN' }))).to.deep.equal([503, 'BUSY', full, 1013])
  })

  it('keeps the cause, and is not made twice', () => {
    const cause = new AuthError('not you')
    const refusal = admissionRefusal(cause)
    expect(refusal).to.be.instanceOf(WebRefusal)
    expect(refusal.cause).to.equal(cause)
    expect(admissionRefusal(refusal)).to.equal(refusal)
  })
})

describe('The admission of a foreign client', () => {
  const peer: Peer = { transport: 'http', description: 'a client', address: '1.2.3.4', isPrivate: false }
  const clientOf = (connect: () => Promise<void>) => ({ connect, sessionId: 's1' }) as unknown as LocalClient
  const hostOf = (session: unknown) =>
    ({ findSession: (id: string) => (id === 's1' ? session : undefined) }) as unknown as WebHost
  const connected = async () => undefined

  it('gives its session, and who it counts for', async () => {
    const session = { identity: { id: 'ada' } }
    const client = clientOf(connected)
    const admitted = await admit(hostOf(session), peer, client)
    expect(admitted).to.deep.equal({ client, session, owner: { address: '1.2.3.4', identity: 'ada' } })
    expect(admitted.client).to.equal(client)
  })

  it('has no identity where the guards gave none, or the session is over', async () => {
    for (const session of [{ identity: undefined }, undefined]) {
      const admitted = await admit(hostOf(session), peer, clientOf(connected))
      expect(admitted.session).to.equal(session)
      expect(admitted.owner).to.deep.equal({ address: '1.2.3.4', identity: undefined })
    }
  })

  it('rejects with a refusal for errors of the library, and with other errors as they are', async () => {
    const failing = async (error: Error) => {
      const client = clientOf(async () => {
        throw error
      })
      return admit(hostOf(undefined), peer, client).catch((caught: unknown) => caught)
    }
    const refused = await failing(new AuthError('not you'))
    expect(refused).to.be.instanceOf(AdmissionRefusal).and.have.property('status', 401)
    const fault = new RangeError('a bug')
    expect(await failing(fault)).to.equal(fault)
  })
})
