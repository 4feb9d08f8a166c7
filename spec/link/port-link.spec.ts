// What links over message ports do beside the contract of all links: credit, bounds, what is no message of theirs, and ends.
import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { expect } from 'chai'
import { linkOver } from '../../lib/core/link/port-dial.ts'
import { maxPieceBytes, messageCost, type PortLink, windowCost } from '../../lib/core/link/port-link.ts'
import { waitFor } from '../setup/wait-for.ts'

describe('A link over a message port', () => {
  let port: MessagePort
  let link: PortLink
  let messages: unknown[]
  const told = { bytes: [] as Uint8Array[], drains: 0, ends: [] as (Error | undefined)[] }

  beforeEach(() => {
    const { port1, port2 } = new MessageChannel()
    port = port1
    messages = []
    port.on('message', (message) => messages.push(message))
    link = linkOver(port2, 'a link')
    Object.assign(told, { bytes: [], drains: 0, ends: [] })
    link.open({
      onBytes: (bytes) => told.bytes.push(bytes),
      onDrain: () => told.drains++,
      onEnd: (error) => told.ends.push(error),
    })
  })

  afterEach(async () => {
    port.close()
    await link.close('abort')
  })

  const received = (): number =>
    messages.reduce<number>((sum, message) => sum + (message instanceof Uint8Array ? message.length : 0), 0)

  it('posts what its window holds, and the rest for credit', async () => {
    expect(link.write([new Uint8Array(3 * windowCost)])).to.equal(false)
    await waitFor(() => received() >= windowCost - maxPieceBytes)
    port.postMessage(0)
    const first = received()
    expect(first).to.be.at.most(windowCost + maxPieceBytes)
    const credited = messages.length * messageCost + first
    port.postMessage(credited)
    await waitFor(() => received() > first)
    expect(told.drains).to.equal(0)
    port.on('message', (message: Uint8Array) => port.postMessage(message.length + messageCost))
    port.postMessage(received() - first + (messages.length * messageCost + first - credited))
    await waitFor(() => told.drains === 1)
    await waitFor(() => received() === 3 * windowCost)
    expect(told.ends).to.deep.equal([])
  })

  it('leaves the memory of what was written to its owner', async () => {
    const bytes = Uint8Array.of(1, 2, 3)
    link.write([bytes])
    expect([...bytes]).to.deep.equal([1, 2, 3])
    await waitFor(() => messages.length > 0)
    expect((messages[0] as Uint8Array).buffer.byteLength).to.equal(3)
  })

  it('credits what was taken, and nothing while it is paused', async () => {
    link.pause()
    for (let i = 0; i < 4; i++) port.postMessage(new Uint8Array(maxPieceBytes - messageCost))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(told.bytes).to.deep.equal([])
    expect(messages).to.deep.equal([])
    link.resume()
    expect(told.bytes).to.have.length(4)
    await waitFor(() => messages.length === 4)
    expect(messages).to.deep.equal(Array(4).fill(maxPieceBytes))
  })

  it('ends a peer that sends more than its credit, also in empty messages', async () => {
    link.pause()
    for (let i = 0; i <= (windowCost + maxPieceBytes) / messageCost + 1; i++) port.postMessage(new Uint8Array(0))
    await waitFor(() => told.ends.length === 1)
    expect(told.ends[0]?.message).to.equal('the peer sends without credit')
    await waitFor(() => messages.at(-1) === 'abort')
  })

  for (const [what, message, reason] of [
    ['credits what was not sent', 7, /credits more than was sent/],
    ['credits what is no number', Number.NaN, /credits more than was sent/],
    ['sends what is no message of a link', { hello: 1 }, /not of an isock link/],
    ['aborts', 'abort', /the peer aborted the link/],
  ] as const) {
    it(`ends when the peer ${what}`, async () => {
      port.postMessage(message)
      await waitFor(() => told.ends.length === 1)
      expect(told.ends[0]?.message).to.match(reason)
    })
  }

  it('ends when the port is closed at the other side, as when its thread is gone', async () => {
    port.close()
    await waitFor(() => told.ends.length === 1)
    expect(told.ends[0]?.message).to.equal('the port was closed')
  })

  it('reports the end after what came before it, though that waits to be read', async () => {
    link.pause()
    port.postMessage(Uint8Array.of(1))
    port.postMessage('end')
    port.close()
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(told.ends).to.deep.equal([])
    link.resume()
    expect(told.bytes.map((bytes) => [...bytes])).to.deep.equal([[1]])
    expect(told.ends).to.deep.equal([undefined])
  })

  it('settles a flushing close when the peer answers, and an abort immediately', async () => {
    let isReleased = false
    const closing = link.close('flush').then(() => {
      isReleased = true
    })
    await waitFor(() => messages.includes('end'))
    expect(isReleased).to.equal(false)
    port.postMessage('end')
    await closing
  })

  it('aborts a flushing close that a peer does not answer', async () => {
    const closing = link.close('flush')
    await link.close('abort')
    await closing
    await waitFor(() => messages.includes('abort'))
  })

  it('tells the peer of an abort, and sends nothing of what it had no credit for', async () => {
    link.write([new Uint8Array(3 * windowCost)])
    await link.close('abort')
    await waitFor(() => messages.includes('abort'))
    expect(messages.at(-1)).to.equal('abort')
    expect(messages).to.not.include('end')
    expect(received()).to.be.at.most(windowCost + maxPieceBytes)
  })
})
