// What the other specs rely on: how modules are loaded, the leak check's arithmetic, and waiting.
import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { expect } from 'chai'
import * as errors from '../../lib/core/base/errors.ts'
import { leakedSince, openResources, poolPorts } from './open-resources.ts'
import { waitFor } from './wait-for.ts'

describe('the set-up of the specs', () => {
  it('loads a module once, however it is reached', async () => {
    const imported = await import('../../lib/core/base/errors.ts')
    expect(imported.IsockError).to.equal(errors.IsockError)
  })

  describe('leakedSince', () => {
    it('minds connections, but not those of a pool of a store, which come and go when it likes', async () => {
      const server = createServer().listen(0, '127.0.0.1')
      await once(server, 'listening')
      const { port } = server.address() as AddressInfo
      const before = openResources()
      const socket = connect(port, '127.0.0.1')
      await once(socket, 'connect')
      expect(leakedSince(before).join()).to.contain(`to 127.0.0.1:${port}`)
      poolPorts.add(port)
      try {
        expect(leakedSince(before).join()).not.to.contain(`to 127.0.0.1:${port}`)
      } finally {
        poolPorts.delete(port)
        socket.destroy()
        server.close()
        await once(server, 'close')
      }
    })

    it('names a listening server, until it is closed', async () => {
      await Promise.resolve() // mocha starts this spec's timer when it sees the promise
      const before = openResources()
      const server = createServer().listen(0)
      await once(server, 'listening')
      const leaked = leakedSince(before)
      server.close()
      await once(server, 'close')
      expect(leaked[0]).to.equal('1 x TCPServerWrap')
      expect(leaked[1]).to.match(/^a server listening on .*"port":/)
      await waitFor(() => leakedSince(before).length === 0, { what: 'the server to be gone' })
    })

    it('counts timers, but not those that let the process end', () => {
      const before = openResources()
      const holding = setTimeout(() => {}, 60_000)
      const letting = setTimeout(() => {}, 60_000).unref()
      const leaked = leakedSince(before)
      clearTimeout(holding)
      clearTimeout(letting)
      expect(leaked).to.deep.equal(['1 x Timeout'])
    })
  })

  describe('waitFor', () => {
    it('returns the first value that is not falsy', async () => {
      let polls = 0
      expect(await waitFor(() => ++polls >= 30 && `after ${polls}`)).to.equal('after 30')
    })

    it('says what it waited for when the deadline passes', async () => {
      const outcome = await waitFor(() => false, { timeoutMs: 20, what: 'a miracle' }).catch((error) => error)
      expect(outcome).to.be.an.instanceOf(Error)
      expect(outcome.message).to.equal('waited 100 ms for a miracle')
    })

    it('throws at once what the predicate throws', async () => {
      const thrown = new Error('no such table')
      const predicate = (): boolean => {
        throw thrown
      }
      expect(await waitFor(predicate).catch((error) => error)).to.equal(thrown)
    })
  })
})
