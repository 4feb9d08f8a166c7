// The commonest slips; messages.txt has what the newest compiler says of each.
import { Action, Channel, Client, Server } from 'isock'
import * as z from 'zod'

class Add extends Action {
  override action({ a }: { a: number }) {
    return a
  }
}
class Exec extends Action<string[], string> {}
class Narrow extends Action.of({ input: z.object({ a: z.number() }) }) {
  override action({ a }: { a: number; b: string }) {
    return a
  }
}
class Wrong extends Action {
  static override input = z.object({ a: z.number() })
  override action({ a }: { a: string }) {
    return a
  }
}

const server = new Server('localhost', 4440)
const client = new Client('localhost', 4440)

client.runAction(Add)
client.runAction(Add, { a: '1' })
client.runAction(Add, { b: 1 })
client.runAction(Add, { a: 1 }, { timeoutMS: 50 })
client.runAction(new Add(), { a: 1 })
client.runAction(Wrong, { a: 1 })

new Client('localhost', { retries: 1 })
new Client('localhost', 4440, { rety: 1 })
new Client('localhost', '4440')
new Client()
new Server({ prot: 4440 })
new Server('localhost', { tokn: '' })
new Server('localhost', 4440, { exposeStack: true })

server.addAction(Add)
server.addAction(new Exec())
server.addAction(new Narrow())
server.addAction(Wrong, new Wrong())
Action.of({ inputs: z.string() })
class Two extends Action {
  override action(a: number, b: number) {
    return a + b
  }
}
server.addAction(new Two())
class News extends Channel<{ title: string }> {}
client.subscribe(News, { sinc: 'oldest' })
client.subscribe(new News())
client.publish(News, { titel: 'tea' })
