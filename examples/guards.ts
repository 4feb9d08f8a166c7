// Who is let in: a shared token, a guard of one's own with typed credentials, and what an action knows of its caller.
import { Action, AuthError, Client, type Context, Guard, Server } from 'isock'

interface Login {
  readonly user: string
  readonly password: string
}

/** The server runs it; the client only names it. What it is given comes from a stranger. */
class PasswordGuard extends Guard<Login> {
  override check(login: Login | undefined) {
    if (login?.user !== 'ada' || login.password !== 'analytical') throw new AuthError('wrong user or password')
    return { id: login.user, role: 'engineer' }
  }
}

class WhoAmI extends Action {
  override action(_data: undefined, { session }: Context): string {
    return `${session.identity?.id}, ${session.identity?.['role']}`
  }
}

const server = new Server({ port: 0, token: 'a shared secret', guards: [new PasswordGuard()] })
server.addAction(new WhoAmI())
await server.listen()
const address = server.addresses[0] as string

await tryIt('nothing shown      ', new Client(address))
await tryIt('a token only       ', new Client(address, { token: 'a shared secret' }))
await tryIt(
  'a wrong password   ',
  new Client(address, {
    token: 'a shared secret',
    credentials: [PasswordGuard.credential({ user: 'ada', password: 'guessed' })],
  }),
)
await tryIt(
  'token and password ',
  new Client(address, {
    token: 'a shared secret',
    credentials: [PasswordGuard.credential({ user: 'ada', password: 'analytical' })],
  }),
)
await server.shutdown()

async function tryIt(label: string, client: Client): Promise<void> {
  const outcome = await client.runAction(WhoAmI).outcome()
  if (outcome.ok) console.log(label, outcome.value)
  else if (outcome.error instanceof AuthError) console.log(label, 'AuthError:', outcome.error.message)
  else throw outcome.error
  await client.close()
}
