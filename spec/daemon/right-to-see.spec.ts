// Who may see the sessions of `isock server` and of daemons: the clients that may end them.
import { expect } from 'chai'
import { Client, type SessionPage } from 'isock'
import { DaemonServer } from '../../lib/daemon/daemon-server.ts'
import { inspection } from '../../lib/features/inspection/inspection.ts'
import { failureOf } from '../setup/world.ts'

describe('The sessions of a server of modules', () => {
  for (const mayBeEnded of [true, false])
    it(`are ${mayBeEnded ? '' : 'not '}shown to clients that may ${mayBeEnded ? '' : 'not '}end it`, async () => {
      const server = new DaemonServer({ host: 'localhost', port: 0 }, mayBeEnded, () => undefined)
      await server.listen()
      const client = new Client(server.addresses[0] as string, { retry: 0 })
      try {
        if (mayBeEnded) {
          const page = await client.runAction<SessionPage>('isock.sessions')
          expect(page.sessions.map(({ place }) => place)).to.deep.equal(['connected'])
          const answers = await client.runAction('isock.answers', { session: client.sessionId })
          expect(answers).to.have.property('session', client.sessionId.slice(0, 16))
        } else {
          for (const name of ['isock.sessions', 'isock.answers']) {
            const error = await failureOf(client.runAction(name, { session: client.sessionId }))
            expect(error).to.include({ code: 'NOT_ALLOWED', notStarted: true })
            expect(error.message).to.include('start it with a token')
          }
        }
      } finally {
        await client.close()
        await server.shutdown({ graceMs: 0 })
      }
    })

  it('are not opened to others by a module', () => {
    const server = new DaemonServer({ host: 'localhost', port: 0 }, false, () => undefined)
    expect(() => server.addFeature(inspection({ requires: () => true }))).to.throw(/inspection/)
  })
})
