// Real servers and clients over every kind of link: calls, errors, streams both ways, calls back, bytes.
import { expect } from 'chai'
import { Action, ActionError, Client, type Context, Server } from '../../lib/index.ts'
import { type Place, serverLinks } from '../setup/server-links.ts'
import { skip } from '../setup/skip.ts'

class Rejected extends ActionError {
  readonly left: number

  constructor(left: number) {
    super(`only ${left} left`)
    this.left = left
  }
}

class Echo extends Action {
  action(value: unknown) {
    return value
  }
}

class Refuse extends Action {
  static override errors = [Rejected]

  action(left: number): never {
    throw new Rejected(left)
  }
}

class Count extends Action {
  async *action(upTo: number) {
    for (let i = 1; i <= upTo; i++) yield i
    return 'done'
  }
}

class Sum extends Action {
  async action(numbers: AsyncIterable<number>) {
    let sum = 0
    for await (const n of numbers) sum += n
    return sum
  }
}

class Double extends Action {
  async *action(numbers: AsyncIterable<number>) {
    for await (const n of numbers) yield n * 2
  }
}

class AskBack extends Action {
  async action(question: string, context: Context) {
    return `${await context.client.runAction<string>('answer', question)}, you said`
  }
}

async function* upTo(count: number): AsyncGenerator<number> {
  for (let i = 1; i <= count; i++) yield i
}

for (const { name, missing, place: placeHere } of serverLinks) {
  describe(`Calls over ${name}`, () => {
    let place: Place
    let server: Server
    let client: Client

    before(async function () {
      if (missing !== undefined) skip(this, missing)
      place = placeHere()
      server = new Server(place.server)
      for (const action of [new Echo(), new Refuse(), new Count(), new Sum(), new Double(), new AskBack()])
        server.addAction(action)
      client = new Client(await place.listen(server), place.client)
      client.addActions({ answer: (question: string) => `"${question}"` })
      await client.connect()
    })

    after(async () => {
      await client?.close()
      await server?.shutdown()
      place?.release()
    })

    it('gives back rich values', async () => {
      const value = { at: new Date(0), tags: new Set(['a']), big: 12n, bytes: Buffer.from('xyz'), none: undefined }
      expect(await client.runAction(Echo, value)).to.deep.equal(value)
    })

    it('gives back a megabyte of bytes', async () => {
      const bytes = new Uint8Array(1024 * 1024).map((_, i) => i % 251)
      expect(await client.runAction(Echo, bytes)).to.deep.equal(bytes)
    })

    it('throws what the action threw, as its own class', async () => {
      const { ok, error } = (await client.runAction(Refuse, 3).outcome()) as { ok: boolean; error: Rejected }
      expect(ok).to.equal(false)
      expect(error).to.be.instanceOf(Rejected)
      expect(error.left).to.equal(3)
    })

    it('streams to the client, then returns', async () => {
      const call = client.runAction(Count, 1_000)
      let sum = 0
      for await (const n of call) sum += n
      expect(sum).to.equal(500_500)
      expect(await call).to.equal('done')
    })

    it('streams to the server', async () => {
      expect(await client.runAction(Sum, upTo(1_000))).to.equal(500_500)
    })

    it('streams both ways at once', async () => {
      const doubled: number[] = []
      for await (const n of client.runAction(Double, upTo(700))) doubled.push(n)
      expect(doubled).to.have.length(700)
      expect(doubled.at(-1)).to.equal(1_400)
    })

    it('calls back to the client', async () => {
      expect(await client.runAction(AskBack, 'why')).to.equal('"why", you said')
    })

    it('runs hundreds of calls at once', async () => {
      const values = await Promise.all(Array.from({ length: 500 }, (_, i) => client.runAction(Echo, i)))
      expect(values).to.deep.equal(Array.from({ length: 500 }, (_, i) => i))
    })
  })
}
