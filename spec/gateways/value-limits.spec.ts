// The server's limits on values, for clients of the gateways.

import { once } from 'node:events'
import { expect } from 'chai'
import { Action, type Limits, Server } from 'isock'
import { http } from 'isock/http'
import { igor } from 'isock/igor'
import { lexicons, reply } from 'isock/lexicons'
import { WebSocket } from 'ws'
import { silentLogger } from '../../lib/core/base/log.ts'
import { listenWeb } from '../../lib/web.ts'

class Levels extends Action {
  action(data: { nested: unknown }, context: never): number {
    let levels = 0
    for (let at = data.nested; Array.isArray(at); at = at[0]) levels++
    return reply(context, levels)
  }
}

/** Longer than what is parsed without a look. */
const nested = (levels: number): string =>
  `{"nested":${'['.repeat(levels)}"${'x'.repeat(20_000)}"${']'.repeat(levels)}}`

const ask: Record<string, (url: string, data: string) => Promise<string>> = {
  http: async (url, data) => {
    const headers = { 'content-type': 'application/json' }
    return (await fetch(`${url}/actions/Levels`, { method: 'POST', headers, body: data })).text()
  },
  igor: (url, data) => answerTo(`${url}/igor`, `{"streamId":1,"action":"Levels","data":${data}}`),
  lexicons: (url, data) => answerTo(`${url}/lexicons`, `{"Levels":${data}}`),
}

async function answerTo(url: string, message: string): Promise<string> {
  const socket = new WebSocket(url.replace('http', 'ws'))
  try {
    await once(socket, 'open')
    socket.send(message)
    const [answer] = await once(socket, 'message')
    return String(answer)
  } finally {
    socket.terminate()
  }
}

describe('The limits of a server on values', () => {
  let server: Server
  afterEach(() => server.shutdown({ graceMs: 0 }))

  async function serve(limits: Partial<Limits>): Promise<string> {
    server = new Server({ limits, log: silentLogger }).addAction(new Levels())
    const gateways = [http(), igor(), lexicons({ path: '/lexicons' })]
    return (await listenWeb(server, { port: 0, gateways })).url
  }

  for (const [name, answer] of Object.entries(ask)) {
    it(`let ${name} clients send as deep as they say`, async () => {
      const url = await serve({ maxValueDepth: 200 })
      expect(await answer(url, nested(150))).to.match(/\b150\b/)
      expect(await answer(url, nested(250))).to.contain('more than 200 deep')
    })

    it(`let ${name} clients send no deeper than they say`, async () => {
      const url = await serve({ maxValueDepth: 20 })
      expect(await answer(url, nested(15))).to.match(/\b15\b/)
      expect(await answer(url, nested(25))).to.contain('more than 20 deep')
    })
  }
})
