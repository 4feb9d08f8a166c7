// The module for browsers: how large it is, that it names nothing of Node, and that what it has in the place of other
// files does the same as they.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { expect } from 'chai'
import fc from 'fast-check'
import type * as isock from '../../lib/browser.ts'
import { ClientError } from '../../lib/core/base/errors.ts'
import { attemptUntilDone as nodeAttempts } from '../../lib/core/client/attempts.ts'
import { attemptUntilDone as browserAttempts } from '../../lib/core/client/browser-attempts.ts'
import * as nodeMsgpack from '../../lib/core/wire/frames/free-msgpack.ts'
import * as browserMsgpack from '../../lib/core/wire/packed/browser-msgpack.ts'
import { Server } from '../../lib/index.ts'
import { mostZippedBytes, writeForBrowsers } from '../../scripts/browser-bundle.ts'
import { browserBundle } from '../setup/browser-bundle.ts'
import { longIt } from '../setup/long.ts'

describe('The module for browsers', function () {
  // Bundling takes a busy machine a while.
  this.timeout(240_000)

  longIt('is small, and names nothing of Node', async () => {
    const { code, map, zippedBytes, chunk } = await browserBundle()
    expect(zippedBytes).to.be.at.most(mostZippedBytes)
    expect(chunk.zippedBytes).to.be.at.most(12_000)
    expect(code).to.not.match(/["'`]node:|\brequire\(|^import\b|[;}]import\b(?!\()|\bBuffer\./)
    const sources = JSON.parse(map).sources.join()
    expect(sources).to.contain('lib/core/session/session.ts')
    // What Node needs, what the chunk has, and how a server shares its reading among clients.
    for (const file of ['link/socket-link', 'session/ledger.ts', 'action-runner', 'link/read-turns'])
      expect(sources).to.not.contain(file)
  })

  longIt('speaks over a message port, by what it then loads from beside it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'isock-bundle-'))
    const server = new Server().addActions({ greet: (name: string) => `hello ${name}` })
    try {
      writeFileSync(join(directory, 'package.json'), '{ "type": "module" }')
      await writeForBrowsers(directory, browserBundle())
      const { Client } = (await import(pathToFileURL(join(directory, 'browser.js')).href)) as typeof isock
      const { port1, port2 } = new MessageChannel()
      await server.accept(port1)
      const client = new Client(port2)
      expect(await client.runAction('greet', 'ada')).to.equal('hello ada')
      await client.close()
      expect(() => new Client({} as never)).to.throw(/option address/)
    } finally {
      await server.shutdown({ graceMs: 0 })
      rmSync(directory, { recursive: true })
    }
  })

  describe('writes and reads credentials', () => {
    // JSON has no -0, and msgpack's writers differ in it.
    const plain = fc
      .jsonValue({ maxDepth: 4 })
      .map((value): unknown => JSON.parse(JSON.stringify(value)))
      // Which @msgpack/msgpack does not read.
      .filter((value) => !JSON.stringify(value).includes('__proto__'))

    it('as @msgpack/msgpack does', () => {
      fc.assert(
        fc.property(plain, (value) => {
          const [ours, theirs] = [browserMsgpack.encodeFree(value), nodeMsgpack.encodeFree(value)]
          expect(nodeMsgpack.decodeFree(ours, 0, ours.length)).to.deep.equal(
            browserMsgpack.decodeFree(theirs, 0, theirs.length),
          )
        }),
        { numRuns: 500 },
      )
      const bytes = Uint8Array.of(1, 2, 3)
      const written = browserMsgpack.encodeFree([bytes, null, 'x'])
      expect(nodeMsgpack.decodeFree(written, 0, written.length)).to.deep.equal([bytes, null, 'x'])
    })

    it('and none for what is undefined, as @msgpack/msgpack does', () => {
      const credentials = {
        Login: { name: 'ada', password: undefined, roles: [undefined, 'x'], bytes: Uint8Array.of(1) },
      }
      const [ours, theirs] = [browserMsgpack.encodeFree(credentials), nodeMsgpack.encodeFree(credentials)]
      const read = nodeMsgpack.decodeFree(ours, 0, ours.length)
      expect(read).to.deep.equal(nodeMsgpack.decodeFree(theirs, 0, theirs.length))
      expect(read).to.have.nested.property('Login.password', null)
    })

    it('and says what does not travel', () => {
      expect(() => browserMsgpack.encodeFree([new Date()])).to.throw(ClientError, 'option credentials')
    })

    it('and refuses bytes that are no msgpack, or more than one value', () => {
      for (const bytes of [[0xc1], [0xdc, 0xff, 0xff], [1, 2], [0xdf, 0xff, 0xff, 0xff, 0xff]]) {
        expect(() => browserMsgpack.decodeFree(Uint8Array.from(bytes), 0, bytes.length), String(bytes)).to.throw()
      }
    })
  })

  for (const [name, attempts] of [
    ['p-retry', nodeAttempts],
    ['a loop', browserAttempts],
  ] as const) {
    describe(`tries again, by ${name}`, () => {
      it('until it succeeds', async () => {
        const seen: string[] = []
        let left = 3
        await attempts(
          async () => {
            if (left-- > 0) throw new Error(`failure ${left}`)
          },
          {
            signal: new AbortController().signal,
            onFailure: async ({ message }) => seen.push(message) > 0,
          },
        )
        expect(seen).to.deep.equal(['failure 2', 'failure 1', 'failure 0'])
      })

      it('until it is told that this was the end', async () => {
        let count = 0
        const attempt = () => Promise.reject(new Error(`failure ${++count}`))
        const options = { signal: new AbortController().signal, onFailure: async () => count < 3 }
        const error = await attempts(attempt, options).catch((reason: Error) => reason)
        expect((error as Error).message).to.equal('failure 3')
      })

      it('until its signal aborts', async () => {
        const abort = new AbortController()
        const reason = new Error('enough')
        const onFailure = async (): Promise<boolean> => {
          abort.abort(reason)
          return true
        }
        const error = await attempts(() => Promise.reject(new Error('no')), { signal: abort.signal, onFailure }).catch(
          (came: unknown) => came,
        )
        expect(error).to.equal(reason)
      })

      it('but not after a fault of the program', async () => {
        const fault = new TypeError('x is not a function')
        const seen: Error[] = []
        const onFailure = async (error: Error): Promise<boolean> => seen.push(error) > 0
        const options = { signal: new AbortController().signal, onFailure }
        expect(await attempts(() => Promise.reject(fault), options).catch((came: unknown) => came)).to.equal(fault)
        // Whoever waits for the connection is told of it, or would wait for ever.
        expect(seen).to.deep.equal([fault])
      })
    })
  }
})
