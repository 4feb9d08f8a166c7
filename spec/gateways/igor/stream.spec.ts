// One stream and its outbox, without a socket between them and the spec.

import { expect } from 'chai'
import { Action } from 'isock'
import { createHarness } from 'isock/testing'
import { Held } from '../../../lib/core/accounting/held.ts'
import { unaccounted } from '../../../lib/core/accounting/meter.ts'
import { Outbox, type OutSocket } from '../../../lib/gateways/igor/outbox.ts'
import { Stream } from '../../../lib/gateways/igor/stream.ts'
import type { LocalClient } from '../../../lib/gateways/local-client.ts'
import { waitFor } from '../../setup/wait-for.ts'

class Numbers extends Action {
  async *action() {
    for (let n = 1; ; n++) yield n
  }
}

class Recorder implements OutSocket {
  readonly texts: string[] = []

  send(bytes: Buffer, _options: object, sent: () => void): void {
    this.texts.push(String(bytes))
    setImmediate(sent)
  }
}

describe('The Igor gateway: a stream', () => {
  it('says nothing after its cancellation but that it is closed', async () => {
    await using harness = await createHarness({ actions: [new Numbers()] })
    // Room for one message: the second waits, and more of them are read ahead.
    const outbox = new Outbox({ roomBytes: 1, maxBytes: 1_000_000, onOverflow: () => undefined })
    const local = harness.client as unknown as LocalClient // all that a stream needs of it
    const stream = new Stream({ streamId: 1, local, action: 'Numbers', data: null, bytes: 0, outbox })
    const over = stream.run()
    await waitFor(() => outbox.waitingBytes > 0)
    stream.cancel('the client closed the stream')
    const socket = new Recorder()
    outbox.attach(socket)
    await over
    expect(socket.texts).to.deep.equal(['{"streamId":1,"data":1}', '{"streamId":1,"close":true}'])
  })
})

describe('The Igor gateway: an outbox', () => {
  const make = (maxBytes = 10_000) => {
    let overflowCount = 0
    const held = unaccounted.meter(Held.Queues)
    const outbox = new Outbox({ roomBytes: 10, maxBytes, held, onOverflow: () => overflowCount++ })
    return { outbox, held, overflows: () => overflowCount }
  }

  it('keeps the order of what was pushed, kept and waiting', async () => {
    const { outbox } = make()
    const socket = new Recorder()
    outbox.push('kept first')
    const waiting = [1, 2, 3].map((n) => outbox.pushWhenRoom(() => `waiting ${n}`))
    outbox.push('kept second')
    outbox.attach(socket, ['greeting'])
    await Promise.all(waiting)
    expect(socket.texts).to.deep.equal(['greeting', 'kept first', 'kept second', 'waiting 1', 'waiting 2', 'waiting 3'])
  })

  it('lets go of whoever waits when nobody reads any more', async () => {
    const { outbox } = make()
    outbox.push('more than there is room for')
    const waiting = outbox.pushWhenRoom(() => 'never')
    outbox.discard()
    await waiting
    expect(outbox.waitingBytes).to.equal(0)
  })

  it('tells what waits in it, until it has left or is dropped', async () => {
    const { outbox, held } = make()
    outbox.push('x'.repeat(1_000))
    expect(held.bytes).to.equal(1_512)
    const socket = new Recorder()
    outbox.attach(socket, ['greeting'])
    expect(held.bytes).to.equal(1_512 + 520)
    await waitFor(() => held.bytes === 0)
    outbox.push('y')
    outbox.detach()
    expect(held.bytes).to.equal(0)
    outbox.push('z')
    expect(held.bytes).to.equal(513)
    outbox.discard()
    expect(held.bytes).to.equal(0)
  })

  it('tells once that there is too much, and takes nothing more', () => {
    const { outbox, overflows } = make(100)
    for (let n = 0; n < 10; n++) outbox.push('x'.repeat(30))
    expect(overflows()).to.equal(1)
    expect(outbox.waitingBytes).to.equal(0)
  })

  it('counts what each message costs beside its bytes', () => {
    const { outbox, overflows } = make(100_000)
    let count = 0
    while (overflows() === 0 && count < 10_000) {
      outbox.push('x')
      count++
    }
    expect(count).to.be.within(100, 300)
  })

  it('rejects where the message cannot be made, and goes on', async () => {
    const { outbox } = make()
    const socket = new Recorder()
    const fail = () => {
      throw new Error('cannot be made')
    }
    const reasonOf = (promise: Promise<void>) => promise.catch((error: Error) => error.message)
    expect(await reasonOf(outbox.pushWhenRoom(fail))).to.equal('cannot be made')
    outbox.push('more than there is room for')
    const waiting = reasonOf(outbox.pushWhenRoom(fail))
    const next = outbox.pushWhenRoom(() => 'next')
    outbox.attach(socket)
    expect(await waiting).to.equal('cannot be made')
    await next
    expect(socket.texts.at(-1)).to.equal('next')
  })
})
