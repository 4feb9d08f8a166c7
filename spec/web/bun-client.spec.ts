// A client in Bun, whose own stand-in for the package ws has no socket to write to, with a server in Node.

import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect } from 'chai'
import { Action, Server } from '../../lib/index.ts'
import { listenWeb } from '../../lib/web.ts'
import { findBun, howToGetBun } from '../setup/bun.ts'
import { bundleProgram, linkExternals } from '../setup/bundled.ts'
import { skip } from '../setup/skip.ts'

const program = `
import { Client, LinkError, RemoteError } from 'isock'
const client = new Client(process.argv[2], { retry: 0 })
const said = [await client.runAction('Echo', { at: new Date(0), big: 10n })]
const items = []
for await (const item of client.runAction('Count', 500)) items.push(item)
said.push(items.length)
const large = await client.runAction('Echo', new Uint8Array(3_000_000).fill(7))
said.push([large.length, large.every((byte) => byte === 7)])
said.push((await client.runAction('Fail').outcome()).error.message)
await client.close()
const nobody = new Client(process.argv[3], { retry: 0, backoff: { minMs: 1, maxMs: 5 }, timeoutMs: 2_000 })
said.push((await nobody.runAction('Echo').outcome()).error.notStarted)
await nobody.close()
console.log(JSON.stringify(said, (_, value) => (typeof value === 'bigint' ? String(value) : value)))
`

class Echo extends Action {
  action(value: unknown) {
    return value
  }
}
class Count extends Action<number, string, number> {
  async *action(to: number) {
    for (let i = 0; i < to; i++) yield i
    return 'done'
  }
}
class Fail extends Action {
  action() {
    throw new RangeError('on purpose')
  }
}

describe('A client in Bun', function () {
  this.timeout(120_000)
  let bun: string
  let directory: string
  let server: Server
  let addresses: readonly string[]

  before(async function () {
    const found = findBun()
    if (found === undefined && process.env['CI'] !== 'true') skip(this, howToGetBun)
    // With CI=true it fails where there is none.
    bun = found ?? 'bun'
    directory = mkdtempSync(join(tmpdir(), 'isock-bun-'))
    linkExternals(directory)
    await bundleProgram(program, { outfile: join(directory, 'client.mjs'), condition: 'bun' })
    server = new Server('127.0.0.1', 0).addAction(new Echo()).addAction(new Count()).addAction(new Fail())
    await server.listen()
    const web = await listenWeb(server, { port: 0 })
    addresses = [...server.addresses, web.address]
  })

  after(async () => {
    await server?.shutdown({ graceMs: 0 })
    if (directory !== undefined) rmSync(directory, { recursive: true })
  })

  for (const [i, scheme] of ['tcp', 'ws'].entries())
    it(`calls, streams and ends over ${scheme}://, as in Node`, async () => {
      const nowhere = `${scheme}://127.0.0.1:1`
      const args = [join(directory, 'client.mjs'), addresses[i] as string, nowhere]
      const { stdout } = await promisify(execFile)(bun, args, { cwd: directory, timeout: 30_000 })
      const echoed = { at: '1970-01-01T00:00:00.000Z', big: '10' }
      expect(JSON.parse(stdout)).to.deep.equal([echoed, 500, [3_000_000, true], 'on purpose', true])
    })
})
