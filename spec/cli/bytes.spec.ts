// Bytes that an action returns or streams: short for people, as they are with --raw.
import { expect } from 'chai'
import { Server } from 'isock'
import { runCommand } from '../setup/run-command.ts'

describe('Bytes that isock call prints', () => {
  let server: Server
  let address: string

  before(async () => {
    server = new Server('localhost', 0)
    server.addActions({
      few: () => new Uint8Array([0, 10, 255]),
      none: () => new Uint8Array(),
      many: () => new Uint8Array(100_000).fill(171),
      parts: function* () {
        yield new Uint8Array([104, 105])
        yield new Uint8Array([10])
      },
      text: () => 'hi',
    })
    await server.listen()
    address = server.addresses[0] as string
  })

  after(() => server.shutdown({ graceMs: 0 }))

  const call = (...args: string[]) => runCommand(['call', address, ...args])

  it('are short, with their length and how to get them', async () => {
    expect((await call('few')).stdout).to.equal('3 bytes: 00 0a ff (--raw writes them as they are)\n')
    expect((await call('none')).stdout).to.equal('0 bytes (--raw writes them as they are)\n')
    const start = Array.from({ length: 16 }, () => 'ab').join(' ')
    expect((await call('many')).stdout).to.equal(`100000 bytes: ${start} ... (--raw writes them as they are)\n`)
  })

  it('are written as they are with --raw, results and items', async () => {
    expect((await call('few', '--raw')).bytes).to.deep.equal(Buffer.from([0, 10, 255]))
    expect((await call('many', '--raw')).bytes).to.deep.equal(Buffer.alloc(100_000, 171))
    expect((await call('parts', '--raw')).bytes).to.deep.equal(Buffer.from('hi\n'))
    expect((await call('text', '--raw')).bytes).to.deep.equal(Buffer.from('hi\n'))
  })

  it('are base64 with --json', async () => {
    expect(JSON.parse((await call('few', '--json')).stdout)).to.deep.equal({ kind: 'result', bytes: ['AAr/'] })
  })
})
