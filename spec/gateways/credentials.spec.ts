// What clients of the three web gateways show to the guards: whatever comes instead of credentials is refused in so many
// words, before it comes near a session, and by all of them alike.

import { once } from 'node:events'
import { expect } from 'chai'
import { Guard, Server } from 'isock'
import { http } from 'isock/http'
import { igor } from 'isock/igor'
import { lexicons } from 'isock/lexicons'
import type { WebListener } from 'isock/web'
import { WebSocket } from 'ws'
import { listenWeb } from '../../lib/web.ts'

class Login extends Guard {
  static asked: unknown[] = []

  check(credential: unknown) {
    Login.asked.push(credential)
    return credential !== undefined
  }
}

const deep = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`

/** Values that cannot travel in the first frame of a session. */
const unfit: readonly (readonly [string, string])[] = [
  ['a key that means the prototype', '{"__proto__": 1}'],
  ['such a key further in', '{"a": [{"__proto__": 1}]}'],
  ['depth', deep(90)],
  ['more depth', deep(500)],
  ['much more depth', deep(4_000)],
]

describe('credentials in headers', function () {
  this.timeout(120_000)
  let server: Server
  let web: WebListener

  beforeEach(async () => {
    Login.asked = []
    server = new Server({
      guards: [new Login()],
      token: 'a token of words',
      gate: (verdicts) => verdicts.some(Boolean),
    })
    server.addActions({ Echo: (data: unknown) => data })
    const gateways = [igor({ files: { root: import.meta.dirname } }), lexicons({ headers: [Login] }), http()]
    web = await listenWeb(server, { port: 0, gateways })
  })

  afterEach(() => server.shutdown({ graceMs: 500 }))

  const file = (headers: Record<string, string>) => fetch(`${web.url}/files/credentials.spec.ts`, { headers })
  const actions = (headers: Record<string, string>) => fetch(`${web.url}/actions`, { headers })
  const upgrade = async (headers: Record<string, string>): Promise<number> => {
    const socket = new WebSocket(`${web.url.replace('http', 'ws')}/igor`, { headers })
    socket.on('error', () => undefined)
    try {
      const [, { statusCode }] = await once(socket, 'unexpected-response')
      return statusCode
    } finally {
      socket.terminate()
    }
  }
  const lexiconsErrors = async (headers: Record<string, string>): Promise<string[]> => {
    const socket = new WebSocket(`${web.url.replace('http', 'ws')}/lexicons`, { headers })
    const [data] = await once(socket, 'message')
    socket.terminate()
    return JSON.parse(String(data))[0].Errors
  }

  for (const [what, value] of unfit) {
    it(`are refused for ${what}`, async () => {
      const headers = { 'isock-credentials': `{"Login": ${value}}` }
      for (const ask of [file, actions]) {
        const answer = await ask(headers)
        expect(answer.status).to.equal(400)
        expect(await answer.text()).to.contain('Isock-Credentials')
      }
      expect(await upgrade(headers)).to.equal(400)
      const [error] = await lexiconsErrors({ Login: value })
      expect(error).to.contain('the header Login is').and.not.contain('link')
      expect(Login.asked).to.deep.equal([])
    })
  }

  it('are refused for a guard that is named twice, or by the name of the prototype', async () => {
    const twice = { 'isock-credentials': '{"token": "one"}', authorization: 'Bearer two' }
    for (const headers of [twice, { 'isock-credentials': '{"__proto__": 1}' }, { authorization: 'Bearer' }]) {
      expect([(await file(headers)).status, (await actions(headers)).status]).to.deep.equal([400, 400])
      expect(await upgrade(headers)).to.equal(400)
    }
  })

  it('are refused with 431 where they do not fit the first frame', async () => {
    const headers = { 'isock-credentials': JSON.stringify({ Login: 'x'.repeat(5_000) }) }
    expect([(await file(headers)).status, (await actions(headers)).status]).to.deep.equal([431, 431])
    expect(Login.asked).to.deep.equal([])
  })

  it('are a token of several words too', async () => {
    const headers = { authorization: 'bearer a token of words' }
    expect([(await file(headers)).status, (await actions(headers)).status]).to.deep.equal([200, 200])
  })

  it('are handed over as they are where they are fit', async () => {
    const headers = { 'isock-credentials': '{"Login": {"user": ["ada", 1, null, {"constructor": 2}]}}' }
    expect([(await file(headers)).status, (await actions(headers)).status]).to.deep.equal([200, 200])
    const credential = { user: ['ada', 1, null, { constructor: 2 }] }
    expect(Login.asked).to.deep.equal([credential, credential])
  })
})
