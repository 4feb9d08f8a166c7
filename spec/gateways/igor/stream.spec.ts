// One stream and its queue, without a socket between them and the spec.

import { expect } from 'chai'
import { Action } from 'isock'
import { createHarness } from 'isock/testing'
import { platformClock } from '../../../lib/core/base/clock.ts'
import { Stream } from '../../../lib/gateways/igor/stream.ts'
import type { LocalClient } from '../../../lib/gateways/local-client.ts'
import { type OutSocket, SocketQueue } from '../../../lib/gateways/socket-queue.ts'
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
    const outbox = new SocketQueue({
      clock: platformClock,
      roomBytes: 1,
      maxBytes: 1_000_000,
      stallMs: 30_000,
      onOverflow: () => undefined,
      onStalled: () => undefined,
    })
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
