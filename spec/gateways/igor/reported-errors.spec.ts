// Errors that a stream or a process reports and survives: items and events that are errors, as Igor's `send_error`.
import { expect } from 'chai'
import { Action, ActionError, Client, type Context, Process, type ProcessContext, type Server } from 'isock'
import { waitFor } from '../../setup/wait-for.ts'
import { IgorWorld } from './igor-world.ts'

class BadRow extends ActionError {}

/** Copies rows, and reports those that it cannot. */
class Copy extends Action {
  static override errors = [BadRow]
  async *action(rows: readonly (number | null)[]) {
    for (const [index, row] of rows.entries()) yield row ?? new BadRow(`row ${index} is empty`)
    return 'copied'
  }
}

class Emit extends Action {
  async action(_data: unknown, { emit }: Context<unknown>) {
    await emit(new TypeError('not a row'))
    await emit({ nested: new Error('only data') })
    return new Error('as the result')
  }
}

class Reports extends Process {
  tell!: ProcessContext['output']
  override async run({ output, signal }: ProcessContext) {
    this.tell = output
    await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  }
}

describe('The Igor gateway: errors that are reported', () => {
  let world: IgorWorld
  let reports: Reports

  beforeEach(async () => {
    reports = new Reports()
    world = await new IgorWorld().start((server: Server) => {
      server.addAction(new Copy()).addAction(new Emit()).addProcess('reports', reports)
    })
  })

  afterEach(() => world.close())

  it('by an item do not end their stream', async () => {
    const client = await world.client()
    const streamId = client.start('Copy', [1, null, 3])
    expect(await client.whole(streamId)).to.deep.equal([
      { streamId, data: 1 },
      { streamId, error: 'row 1 is empty', code: 500, name: 'BadRow' },
      { streamId, data: 3 },
      { streamId, data: 'copied' },
      { streamId, close: true },
    ])
  })

  it('are items alone, whatever their class: inside of data and as a result errors are values', async () => {
    const client = await world.client()
    const streamId = client.start('Emit')
    expect(await client.whole(streamId)).to.deep.equal([
      { streamId, error: 'not a row', code: 500, name: 'TypeError' },
      { streamId, data: { nested: { name: 'Error', message: 'only data' } } },
      { streamId, data: { name: 'Error', message: 'as the result' } },
      { streamId, close: true },
    ])
  })

  it('by an event do not end their process', async () => {
    const client = await world.client()
    await waitFor(() => reports.tell?.listenerCount === 1)
    reports.tell.send('state', new Error('the disk is nearly full'))
    reports.tell.send('state', 'cleaned up')
    await waitFor(() => client.of('reports').length === 2)
    expect(client.of('reports')).to.deep.equal([
      { streamId: 'reports', error: 'the disk is nearly full', code: 500, name: 'Error' },
      { streamId: 'reports', action: 'state', data: 'cleaned up' },
    ])
  })

  it("are errors to isock's own clients as well", async () => {
    await using client = new Client(world.server.addresses[0] as string)
    const items: unknown[] = []
    for await (const item of client.runAction(Copy, [1, null])) items.push(item)
    expect(items[0]).to.equal(1)
    expect(items[1]).to.be.instanceOf(BadRow).with.property('message', 'row 1 is empty')
  })
})
