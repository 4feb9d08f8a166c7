// Who is let in: tokens, guards, the gate, trusted addresses; and what a refused client learns.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect } from 'chai'
import type { ServerKit } from '../../lib/core/server/feature.ts'
import {
  Action,
  AuthError,
  Client,
  ClientError,
  type Context,
  Guard,
  Server,
  type ServerOptions,
  TokenGuard,
  type Visitor,
} from '../../lib/index.ts'

class WhoAmI extends Action {
  action(_data: undefined, { session }: Context) {
    return session.identity?.id
  }
}

class Login extends Guard<{ email: string; password: string }> {
  check(credential: { email: string; password: string } | undefined) {
    return credential?.password === 'open sesame' ? { id: credential.email } : false
  }
}

class Broken extends Guard {
  check(): boolean {
    throw new TypeError('the user store is down')
  }
}

const token = 'correct horse battery'
const remotePeer = { transport: 'tcp', description: '192.0.2.1:5', address: '192.0.2.1', isPrivate: false } as const

async function serve(options: ServerOptions): Promise<Server> {
  return new Server({ port: 0, ...options }).addAction(new WhoAmI()).listen()
}

async function failureOf(promise: PromiseLike<unknown>): Promise<Error> {
  try {
    await promise
  } catch (error) {
    return error as Error
  }
  throw new Error('it did not fail')
}

describe('Guards', () => {
  let server: Server | undefined
  const clients: Client[] = []

  function connect(
    ...[options]: ConstructorParameters<typeof Client> extends [unknown, infer O] ? [O?] : [object?]
  ): Client {
    const client = new Client(server?.addresses[0] as string, options as object)
    clients.push(client)
    return client
  }

  afterEach(async () => {
    await Promise.all(clients.splice(0).map((client) => client.close()))
    await server?.shutdown()
    server = undefined
  })

  it('lets in who knows the token', async () => {
    server = await serve({ token })
    expect(await connect({ token }).runAction(WhoAmI)).to.equal(undefined)
  })

  it('refuses a wrong token with AuthError, once, and says that nothing ran', async () => {
    server = await serve({ token })
    const error = (await failureOf(connect({ token: 'wrong horse battery' }).runAction(WhoAmI))) as AuthError
    expect(error).to.be.instanceOf(AuthError)
    expect(error.message).to.equal('the token is wrong')
    expect(error.notStarted).to.equal(true)
  })

  it('says that a token is missing', async () => {
    server = await serve({ token })
    expect((await failureOf(connect().runAction(WhoAmI))).message).to.equal(
      'this server asks for a token; this client presents nothing: pass token, tokenFile or credentials, or set ISOCK_TOKEN',
    )
  })

  it('says what the client presented, unless the guard gives a reason', async () => {
    class Word extends Guard<string> {
      check(word: string | undefined) {
        if (word === 'foe') throw new AuthError('no foes')
        return word === 'friend'
      }
    }
    server = await serve({ guards: [new Word()] })
    const messageOf = async (options: object) => (await failureOf(connect(options).runAction(WhoAmI))).message
    const refusal = 'this server did not accept the credentials; this client presents'
    expect(await messageOf({})).to.equal(`${refusal} nothing: pass token, tokenFile or credentials, or set ISOCK_TOKEN`)
    expect(await messageOf({ credentials: [Word.credential('who')], token })).to.equal(`${refusal}: Word, token`)
    expect(await messageOf({ credentials: [Word.credential('foe')] })).to.equal('no foes')
  })

  it('takes the token from ISOCK_TOKEN, on both sides', async () => {
    process.env['ISOCK_TOKEN'] = token
    try {
      server = await serve({})
      expect(await connect().runAction(WhoAmI)).to.equal(undefined)
    } finally {
      delete process.env['ISOCK_TOKEN']
    }
    expect(await failureOf(connect().runAction(WhoAmI))).to.be.instanceOf(AuthError)
  })

  it('takes the token from a file that only its owner can read', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'isock-token-'))
    const tokenFile = join(directory, 'token')
    try {
      writeFileSync(tokenFile, `${token}\n`, { mode: 0o600 })
      server = await serve({ tokenFile })
      await connect({ tokenFile }).connect()
      chmodSync(tokenFile, 0o640)
      expect(() => new Client('localhost', 1, { tokenFile })).to.throw(ClientError, `chmod 600 ${tokenFile}`)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })

  it('refuses tokens that protect nothing', () => {
    expect(() => new Server({ port: 0, token: 'short' })).to.throw(
      ClientError,
      'option token: expected a token of 8 to 1024 characters, got 5',
    )
  })

  it('takes no token in clear text from another machine, unless allowed', () => {
    const visitor: Visitor = { peer: remotePeer, name: undefined }
    expect(() => new TokenGuard(token).check(token, visitor)).to.throw(AuthError, 'clear text')
    expect(new TokenGuard(token, { allowClearText: true }).check(token, visitor)).to.equal(true)
  })

  it('sends no token in clear text to another machine', async () => {
    server = await serve({ token })
    let sent = 0
    const { createMemoryLinks } = await import('../../lib/core/link/memory-link.ts')
    const dial = async () => {
      const [near] = createMemoryLinks()
      const write = (chunks: readonly Uint8Array[]): boolean => {
        sent += chunks.length
        return true
      }
      return Object.assign(Object.create(near), {
        peer: remotePeer,
        write,
        open: () => undefined,
        close: () => undefined,
      })
    }
    const error = await failureOf(connect({ token, dial }).runAction(WhoAmI))
    expect(error.message).to.contain('allowClearTextToken')
    expect(sent).to.equal(0)
  })

  it('sends no credentials in clear text to another machine either', async () => {
    server = await serve({ guards: [new Login()] })
    const { createMemoryLinks } = await import('../../lib/core/link/memory-link.ts')
    let sent = 0
    const dial = async () => {
      const [near] = createMemoryLinks()
      const write = (): boolean => {
        sent++
        return true
      }
      return Object.assign(Object.create(near), {
        peer: remotePeer,
        write,
        open: () => undefined,
        close: () => undefined,
      })
    }
    const credentials = [Login.credential({ email: 'ann@example.org', password: 'open sesame' })]
    const error = await failureOf(connect({ credentials, dial }).runAction(WhoAmI))
    expect(error).to.be.instanceOf(ClientError)
    expect(error.message).to.contain('credentials are not sent in clear text to 192.0.2.1:5')
    expect(sent).to.equal(0)
  })

  it('looks at no credentials in clear text from another machine, unless allowed', async () => {
    const { createMemoryLinks } = await import('../../lib/core/link/memory-link.ts')
    for (const allowClearTextToken of [false, true]) {
      server = await serve({ guards: [new Login()], allowClearTextToken })
      const takeLink = (server as unknown as { join(make: (kit: ServerKit) => object): void }).join.bind(server)
      let take: ServerKit['takeLink'] = () => undefined
      takeLink((kit) => {
        take = kit.takeLink
        return {}
      })
      const dial = async () => {
        const [near, far] = createMemoryLinks('a test', remotePeer)
        take(far)
        return near
      }
      const credentials = [Login.credential({ email: 'ann@example.org', password: 'open sesame' })]
      const outcome = await connect({ credentials, dial }).runAction(WhoAmI).outcome()
      if (outcome.ok) expect(allowClearTextToken).to.equal(true)
      else expect((outcome.error as Error).message).to.contain('credentials are not accepted in clear text')
      expect(outcome.ok).to.equal(allowClearTextToken)
      await server.shutdown()
    }
  })

  for (const [what, verdict] of [
    ['false', async () => false],
    ['an error', () => Promise.reject(new AuthError('not today'))],
    ['true', async () => true],
  ] as const)
    it(`waits for a guard that thinks, and does what it says then: ${what}`, async () => {
      class Slow extends Guard {
        async check(): Promise<boolean> {
          await null
          return verdict()
        }
      }
      server = await serve({ guards: [new Slow()] })
      const outcome = await connect().runAction(WhoAmI).outcome()
      expect(outcome.ok).to.equal(what === 'true')
      if (!outcome.ok) expect(outcome.error).to.be.instanceOf(AuthError)
    })

  it('asks the gate also where there are no guards', async () => {
    server = await serve({ gate: (verdicts) => verdicts.some(Boolean) })
    expect(await failureOf(connect().runAction(WhoAmI))).to.be.instanceOf(AuthError)
    await server.shutdown()
    server = await serve({ gate: () => true })
    expect(await connect().runAction(WhoAmI)).to.equal(undefined)
  })

  it('gives the action the identity that a guard found', async () => {
    server = await serve({ guards: [new Login()] })
    const credentials = [Login.credential({ email: 'ann@example.org', password: 'open sesame' })]
    expect(await connect({ credentials }).runAction(WhoAmI)).to.equal('ann@example.org')
  })

  it('refuses when a guard says no', async () => {
    server = await serve({ guards: [new Login()] })
    const credentials = [Login.credential({ email: 'ann@example.org', password: 'open barley' })]
    expect(await failureOf(connect({ credentials }).runAction(WhoAmI))).to.be.instanceOf(AuthError)
  })

  it('counts a guard that fails as a no, and tells the client nothing of it', async () => {
    server = await serve({ guards: [new Broken()] })
    const error = await failureOf(connect().runAction(WhoAmI))
    expect(error).to.be.instanceOf(AuthError)
    expect(error.message).not.to.contain('user store')
  })

  it('asks all guards and lets the gate decide', async () => {
    const seen: boolean[][] = []
    const gate = (verdicts: readonly boolean[]): boolean => {
      seen.push([...verdicts])
      return verdicts.some(Boolean)
    }
    server = await serve({ token, guards: [new Login()], gate })
    await connect({ token }).connect()
    expect(seen).to.deep.equal([[true, false]])
  })

  it('asks nothing of trusted addresses', async () => {
    server = await serve({ token, trust: ['127.0.0.0/8', '::1'] })
    expect(await connect().runAction(WhoAmI)).to.equal(undefined)
  })

  it('names what is wrong in a trust list', () => {
    for (const entry of ['localhost', '10.0.0.0/33', '10.0.0/8', '']) {
      expect(() => new Server({ port: 0, trust: [entry] }), entry).to.throw(ClientError, 'option trust')
    }
  })

  it('refuses at the client credentials that do not fit the first frame', async () => {
    server = await serve({ guards: [new Login()] })
    const credentials = [Login.credential({ email: 'x'.repeat(5_000), password: 'open sesame' })]
    const error = await failureOf(connect({ credentials }).runAction(WhoAmI))
    expect(error).to.be.instanceOf(ClientError)
    expect(error.message).to.contain('at most 4096 are allowed')
  })

  it('shortens a reason that does not fit the first answer', async () => {
    class Talkative extends Guard {
      check(): boolean {
        throw new AuthError('because '.repeat(2_000))
      }
    }
    server = await serve({ guards: [new Talkative()] })
    const error = await failureOf(connect().runAction(WhoAmI))
    expect(error).to.be.instanceOf(AuthError)
    expect(error.message).to.match(/^(because )+$/)
  })

  it('goes on serving others while clients are refused', async () => {
    server = await serve({ token })
    const good = connect({ token })
    await good.connect()
    await Promise.all(Array.from({ length: 20 }, () => failureOf(connect({ token: 'wrong horse battery' }).connect())))
    expect(await good.runAction(WhoAmI)).to.equal(undefined)
  })
})
