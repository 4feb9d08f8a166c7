// A program for unawaited.spec.ts: sends on the side, for callers that go, and must serve the others all the same. It runs with
// --unhandled-rejections=strict.
import { setTimeout as sleep } from 'node:timers/promises'
import { Action, Channel, Client, type Context, Server, Service, type ServiceContext } from '../../lib/index.ts'

class Gone extends Channel<string> {}
class Moody extends Channel<string> {
  override canSubscribe(): boolean {
    return true
  }
  override async onJoin(): Promise<void> {
    throw new Error('onJoin failed')
  }
  override async onLeave(): Promise<void> {
    throw new Error('onLeave failed')
  }
}

const done: string[] = []

/** Waits until its caller has gone, then sends on the side. */
const sideways: Readonly<Record<string, (context: Context<unknown>) => unknown>> = {
  emit: ({ emit }) => void emit('late'),
  emitMany: ({ emit }) => {
    for (let i = 0; i < 200; i++) void emit('x'.repeat(10_000))
  },
  unsendable: ({ emit }) => void emit(() => undefined),
  publish: ({ publish }) => void publish(Gone, 'late'),
  serverPublish: ({ server }) => void server.publish(Gone, 'late'),
  call: ({ client }) => void client.runAction('Ask'),
}

class Sideways extends Action {
  async action(what: string, context: Context<unknown>): Promise<void> {
    if (what === 'call') sideways[what]?.(context)
    await new Promise((resolve) => context.signal.addEventListener('abort', resolve))
    sideways[what]?.(context)
    done.push(what)
  }
}

class Talk extends Service<number, number, undefined, undefined> {
  init(): number {
    return 0
  }

  async exec(state: number, _args: number, { respond, signal }: ServiceContext): Promise<number> {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    void respond('late')
    setTimeout(() => void respond('after the end'), 5)
    done.push('respond')
    return state
  }
}

class Still extends Action {
  action(): string {
    return 'served'
  }
}

const server = new Server({ port: 0 })
server.addAction(new Sideways()).addAction(new Still()).addService(Talk).addChannel(new Moody())
await server.listen()
const address = server.addresses[0] as string
const other = new Client(address)
await other.service(Talk).initialize(undefined)

/** How a caller goes. */
const ways: readonly ((client: Client, cancel: () => void) => unknown)[] = [
  (_client, cancel) => cancel(),
  (client) => client.close(),
]
for (const what of [...Object.keys(sideways), 'respond']) {
  for (const leave of ways) {
    const client = new Client(address)
    client.addAction(class Ask extends Action {}, () => {
      throw new Error('the client refuses')
    })
    await client.connect()
    const call = what === 'respond' ? client.service(Talk).responses(1) : client.runAction(Sideways, what)
    call.outcome().catch(() => undefined)
    await other.runAction(Still)
    await sleep(20)
    const before = done.length
    await leave(client, () => call.cancel())
    while (done.length === before) await sleep(5)
    await client.close()
  }
}
const member = new Client(address)
const subscription = member.subscribe(Moody)
await subscription.ready
await subscription.unsubscribe()
await member.close()
await sleep(30)
console.log(await other.runAction(Still), done.length)
await other.close()
await server.shutdown()
