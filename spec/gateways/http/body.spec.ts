// How long the body of a request may take, in virtual time: progress counts.
import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { Bodies } from '../../../lib/gateways/http/body.ts'
import { VirtualClock } from '../../setup/virtual-clock.ts'
import { failureOf } from '../../setup/world.ts'

describe('The body of a request', () => {
  const limits = { maxBodyBytes: 2 ** 24, maxBufferedBytes: 2 ** 24, bodyTimeoutMs: 30_000 }
  let clock: VirtualClock
  let request: PassThrough
  let bodies: Bodies

  beforeEach(() => {
    clock = new VirtualClock()
    request = new PassThrough()
    bodies = new Bodies(limits, clock)
  })

  const read = (): ReturnType<Bodies['read']> =>
    bodies.read(Object.assign(request, { headers: {} }) as unknown as IncomingMessage)

  async function send(seconds: number, bytesPerSecond: number): Promise<void> {
    for (let second = 0; second < seconds && !request.isPaused(); second++) {
      request.write(Buffer.alloc(bytesPerSecond))
      await clock.advance(1_000)
    }
  }

  it('may take minutes, where 16 bytes come in each millisecond', async () => {
    const body = read()
    await send(300, 16_000)
    request.end()
    expect((await body).bytes).to.have.length(300 * 16_000)
    expect(clock.pendingCount).to.equal(0)
  })

  it('is refused with 408 when it is 30 s behind that', async () => {
    const startedAtMs = clock.now()
    const failure = failureOf(read())
    await send(300, 8_000)
    const error = await failure
    expect(error).to.include({ status: 408 })
    expect(error.message).to.equal('of the body only 480000 bytes came in 60000 ms')
    expect(clock.now() - startedAtMs).to.be.within(60_000, 62_000)
    expect(bodies.bufferedBytes).to.equal(0)
  })

  it('is refused after 30 s where nothing of it comes', async () => {
    const failure = failureOf(read())
    await clock.advance(30_000)
    expect(await failure).to.include({ status: 408, message: 'of the body only 0 bytes came in 30000 ms' })
    expect(clock.pendingCount).to.equal(0)
  })
})
