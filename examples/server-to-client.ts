// The other way round: an action on the server runs an action of the client that called it.
import { Action, Client, type Context, Server } from 'isock'
import { printable } from './printable.ts'

/** Offered by the client: this declares only what goes in and what comes out. */
class AskUser extends Action<string, boolean> {}

/** Offered by the server: asks before it deletes. */
class DeleteFile extends Action {
  override async action(name: string, { client }: Context): Promise<string> {
    const isSure = await client.runAction(AskUser, `delete ${name}?`)
    return isSure ? `${name} is deleted` : `${name} is kept`
  }
}

const server = new Server('localhost', 0)
server.addAction(new DeleteFile())
await server.listen()

const client = new Client(server.addresses[0] as string)
client.addAction(AskUser, (question: string) => {
  const answer = question.includes('draft')
  console.log(`  asked "${printable(question)}", answered ${answer ? 'yes' : 'no'}`)
  return answer
})
console.log(await client.runAction(DeleteFile, 'draft.txt'))
console.log(await client.runAction(DeleteFile, 'thesis.txt'))

await client.close()
await server.shutdown()
