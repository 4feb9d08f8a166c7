// Wherever an action or a service runs, its context has the same members; what a place lacks throws and names itself.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { BaseContext } from '../../lib/core/action/base-context.ts'
import { Action, type Client, type Context, type Server, Service, type ServiceContext } from '../../lib/index.ts'
import { createHarness, type Harness } from '../../lib/testing/harness.ts'
import { threads } from '../../lib/threads.ts'
import { longIt } from '../setup/long.ts'
import { LookFromThread, lookAt, type Seen } from './context-members.ts'

class Look extends Action {
  async action(_data: undefined, context: Context<unknown>): Promise<Seen> {
    expect(context).to.be.instanceOf(BaseContext)
    return lookAt(context)
  }
}

class LookFromClient extends Action {
  async action(_data: undefined, { client }: Context): Promise<Seen> {
    return client.runAction(Look)
  }
}

class Looker extends Service<null, undefined> {
  async init(_: undefined, context: ServiceContext<Seen>): Promise<null> {
    return this.exec(null, undefined, context)
  }

  async exec(_state: null, _: undefined, context: ServiceContext<Seen>): Promise<null> {
    expect(context).to.be.instanceOf(BaseContext)
    await context.respond(lookAt(context))
    return null
  }
}

const whole: Seen = {
  callId: 'number',
  actionName: 'string',
  attempt: 'number',
  metadata: 'object',
  session: 'object',
  server: 'object',
  publish: 'function',
  client: 'object',
  signal: 'signal',
  deadline: 'date',
  remainingMs: 'number',
  log: 'object',
  emit: 'function',
  db: 'throws INVALID_USAGE',
}

interface Place {
  readonly name: string
  readonly look: (client: Client, server: Server) => Promise<Seen>
  /** The members that are out of reach there, and the code of their errors. */
  readonly lacks: Partial<Record<keyof Context, string>>
}

const options = { timeoutMs: 100_000 }

const places: readonly Place[] = [
  { name: 'an action on a server', look: (client) => client.runAction(Look, undefined, options), lacks: {} },
  {
    name: 'an action on a client',
    look: (client) => client.runAction(LookFromClient, undefined, options),
    lacks: { server: 'INVALID_USAGE', publish: 'INVALID_USAGE' },
  },
  {
    name: 'a service that a client uses',
    look: (client) => client.service(Looker).execute(undefined, { ...options, awaitResponse: true }) as Promise<Seen>,
    lacks: {},
  },
  {
    name: 'a service that its server uses',
    look: (_, server) =>
      server.service(Looker).execute(undefined, { ...options, awaitResponse: true }) as Promise<Seen>,
    lacks: { session: 'INVALID_USAGE', client: 'INVALID_USAGE' },
  },
  {
    name: 'an action in a thread',
    look: (client) => client.runAction(LookFromThread, undefined, options),
    lacks: { server: 'INVALID_USAGE', publish: 'INVALID_USAGE', client: 'INVALID_USAGE' },
  },
]

describe('The context', function () {
  this.timeout(120_000)

  let harness: Harness

  before(async () => {
    harness = await createHarness({
      actions: [new Look(), new LookFromClient(), new LookFromThread()],
      server: { features: [threads({ max: 1 })] },
    })
    harness.client.addAction(new Look())
    harness.server.addService(Looker)
    await harness.server.service(Looker).initialize()
  })

  after(() => harness.close())

  for (const { name, look, lacks } of places) {
    longIt(`of ${name} has every member, or throws and names it`, async () => {
      const seen = await look(harness.client, harness.server)
      expect(Object.keys(seen)).to.have.members(Object.keys(whole))
      for (const [member, kind] of Object.entries(whole)) {
        const code = lacks[member as keyof Context]
        const expected = code === undefined ? kind : `throws ${code}`
        expect(seen[member]?.replace(/:.*/s, ''), member).to.equal(expected)
        // Publishing is the server's.
        const names = member === 'publish' ? /context\.(publish|server)/ : new RegExp(`context\\.${member}\\b`)
        if (seen[member]?.startsWith('throws')) expect(seen[member]).to.match(names)
      }
    })
  }

  it('is implemented once', () => {
    const lib = join(import.meta.dirname, '../../lib')
    const files = readdirSync(lib, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'))
    const implementing = files.filter((file) => {
      const source = readFileSync(join(lib, file), 'utf8')
      return /class \w+ implements [^{]*\b(Service)?Context\b/.test(source) || /\bget remainingMs\(/.test(source)
    })
    expect(implementing).to.deep.equal(['core/action/base-context.ts'])
  })
})
