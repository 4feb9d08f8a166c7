// `isock watch`: the messages of a channel by its name, and when it ends.
import { expect } from 'chai'
import { Channel, Server } from 'isock'
import { longIt } from '../setup/long.ts'
import { runCommand } from '../setup/run-command.ts'
import { startScript } from '../setup/run-script.ts'
import { waitFor } from '../setup/wait-for.ts'

class News extends Channel<unknown> {
  static override history = { size: 10 }
}

class Closed extends Channel<string> {
  override canSubscribe(): boolean {
    return false
  }
}

describe('isock watch', function () {
  this.timeout(120_000)
  let server: Server
  let address: string

  beforeEach(async () => {
    server = new Server('localhost', 0)
    server.addChannel(new News()).addChannel(new Closed())
    await server.listen()
    address = server.addresses[0] as string
  })

  afterEach(() => server.shutdown({ graceMs: 0 }))

  it('prints messages as they come, as many as it is told', async () => {
    const watched = runCommand(['watch', address, 'News', '--count', '2'])
    await waitFor(() => server.channel(News).readerCount() > 0, { timeoutMs: 20_000 })
    for (const message of ['first', { title: 'second' }, 'third']) await server.channel(News).publish(message)
    expect(await watched).to.include({ code: 0, stdout: "first\n{ title: 'second' }\n", stderr: '' })
  })

  it('begins with those that are kept, of the room that it is told', async () => {
    for (const key of ['a', 'b']) await server.channel(News).publish(`in ${key}`, { key })
    const { code, stdout } = await runCommand([
      ...['watch', address, 'News', '--key', 'b', '--since', 'oldest', '--count', '1', '--json'],
    ])
    expect(code).to.equal(0)
    expect(JSON.parse(stdout)).to.deep.equal({ kind: 'item', json: 'in b' })
  })

  it('reports a channel that is not there, or does not let it in, and a server that cannot be reached', async () => {
    const unknown = await runCommand(['watch', address, 'Newz'])
    expect(unknown.code).to.equal(1)
    expect(unknown.stderr).to.include('unknown channel "Newz"; did you mean "News"?')
    const closed = await runCommand(['watch', address, 'Closed'])
    expect([closed.code, closed.stdout]).to.deep.equal([1, ''])
    const away = await runCommand(['watch', 'localhost:1', 'News', '--retry', '0'])
    expect(away.code).to.equal(3)
    const place = await runCommand(['watch', address, 'News', '--since', 'newest'])
    expect([place.code, place.stderr.includes('Allowed choices are oldest')]).to.deep.equal([2, true])
  })

  longIt('ends with Ctrl-C, and leaves the channel', async () => {
    const watching = startScript('lib/cli/main.ts', { args: ['watch', address, 'News', '--since', 'oldest'] })
    await waitFor(() => server.channel(News).readerCount() > 0, { timeoutMs: 20_000 })
    await server.channel(News).publish('one')
    await watching.printed(/^one$/m)
    watching.kill('SIGINT')
    expect(await watching.ended).to.include({ code: 130, stdout: 'one\n', stderr: '' })
    await waitFor(() => server.channel(News).readerCount() === 0)
  })
})
