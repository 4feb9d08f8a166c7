// What a server without a log says on standard error: what an operator has to know, and nothing else.
import { expect } from 'chai'
import { Action, ActionError, Client, Server } from '../../lib/index.ts'
import { printedBy } from '../setup/printed.ts'
import { failureOf } from '../setup/world.ts'

class Declared extends ActionError {}

class Fail extends Action {
  static override errors = [Declared]
  action(how: 'declared' | 'undeclared' | 'not at all'): void {
    if (how === 'declared') throw new Declared('as agreed')
    if (how === 'undeclared') throw new TypeError('a slip')
  }
}

describe('A server without a log', () => {
  async function serve(host: string, work: (client: Client) => Promise<unknown>): Promise<string[]> {
    return printedBy(async () => {
      await using server = new Server(host, 0)
      server.addAction(new Fail())
      await server.listen()
      await using client = new Client(server.addresses[0]!.replace('0.0.0.0', '127.0.0.1'))
      await work(client)
    })
  }

  it('is silent while all is well, as it starts and as it ends', async () => {
    expect(await serve('127.0.0.1', (client) => client.runAction(Fail, 'not at all'))).to.deep.equal([])
  })

  it('says nothing of errors that an action declares, and prints all others', async () => {
    expect(await serve('127.0.0.1', (client) => failureOf(client.runAction(Fail, 'declared')))).to.deep.equal([])
    const [line = '', ...more] = await serve('127.0.0.1', (client) => failureOf(client.runAction(Fail, 'undeclared')))
    expect(line).to.match(
      /^isock: action "Fail" failed with an error that it does not declare \(error .+\)\nTypeError: a slip\n/,
    )
    expect(more).to.deep.equal([])
  })

  it('says that a port is open to other machines', async () => {
    const lines = await serve('0.0.0.0', (client) => client.runAction(Fail, 'not at all'))
    expect(lines).to.have.length(1)
    expect(lines[0]).to.match(/^isock: tcp:\/\/0\.0\.0\.0:\d+ can be reached from other machines and admits everyone/)
  })
})
