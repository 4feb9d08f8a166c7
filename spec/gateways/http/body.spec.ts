// How long the body of a request may take, in virtual time: progress counts.
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect } from 'chai'
import { Accounting } from '../../../lib/core/accounting/accounting.ts'
import { Bodies } from '../../../lib/gateways/http/body.ts'
import { type RequestPlace, RequestPlaces } from '../../../lib/gateways/http/request-places.ts'
import { VirtualClock } from '../../setup/virtual-clock.ts'
import { waitFor } from '../../setup/wait-for.ts'
import { failureOf } from '../../setup/world.ts'

describe('The body of a request', () => {
  const limits = { maxBodyBytes: 2 ** 24, maxBufferedBytes: 2 ** 24, bodyTimeoutMs: 30_000 }
  let clock: VirtualClock
  let request: PassThrough
  let bodies: Bodies
  let accounting: Accounting
  let place: RequestPlace

  beforeEach(() => {
    clock = new VirtualClock()
    request = new PassThrough()
    accounting = new Accounting({ maxHeldBytes: 2 ** 30, isShared: () => false })
    bodies = new Bodies(limits, accounting, clock)
    place = placeOf('192.0.2.1')
  })

  const placeOf = (address: string): RequestPlace =>
    new RequestPlaces({ maxRequests: 10, maxStreams: 10 }, accounting).take(address, () => undefined)

  const read = (announced?: string): ReturnType<Bodies['read']> => {
    const headers = announced === undefined ? {} : { 'content-length': announced }
    return bodies.read(Object.assign(request, { headers }) as unknown as IncomingMessage, place)
  }

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
    expect(error.message).to.equal('only 480000 bytes of the body arrived in 60000 ms')
    expect(clock.now() - startedAtMs).to.be.within(60_000, 62_000)
    expect(bodies.bufferedBytes).to.equal(0)
  })

  it('is refused at once where its client has left before it is read', async () => {
    request.destroy()
    await once(request, 'close')
    expect(await failureOf(read())).to.include({ status: 400, message: 'the body ended early' })
    expect(clock.pendingCount).to.equal(0)
  })

  it('is refused where its client leaves or its connection fails in the middle, and counts no more', async () => {
    for (const fault of [undefined, new Error('the connection was reset')]) {
      const failure = failureOf(read())
      request.write(Buffer.alloc(100))
      await waitFor(() => bodies.bufferedBytes === 100)
      request.destroy(fault)
      expect(await failure).to.include({ status: 400, message: 'the body ended early' })
      expect(bodies.bufferedBytes).to.equal(0)
      expect(clock.pendingCount).to.equal(0)
      request = new PassThrough()
    }
  })

  it('may be as large as the limit, and not a byte larger', async () => {
    bodies = new Bodies({ ...limits, maxBodyBytes: 100 }, accounting, clock)
    for (const announced of [undefined, '100']) {
      const body = read(announced)
      request.end(Buffer.alloc(100))
      expect((await body).bytes).to.have.length(100)
      request = new PassThrough()
    }
    for (const announced of [undefined, '101']) {
      const failure = failureOf(read(announced))
      request.write(Buffer.alloc(101))
      expect(await failure).to.include({ status: 413, code: 'TOO_LARGE' })
      request = new PassThrough()
    }
    expect(clock.pendingCount).to.equal(0)
  })

  it('that announces to be larger is refused before a byte of it has come', async () => {
    bodies = new Bodies({ ...limits, maxBodyBytes: 100 }, accounting, clock)
    expect(await failureOf(read('101'))).to.include({ status: 413 })
    expect([request.listenerCount('data'), clock.pendingCount]).to.deep.equal([0, 0])
  })

  it('shares the memory for all with others, until it is released', async () => {
    bodies = new Bodies({ ...limits, maxBufferedBytes: 150 }, accounting, clock)
    const first = read()
    request.end(Buffer.alloc(100))
    const body = await first
    expect(bodies.bufferedBytes).to.equal(100)
    request = new PassThrough()
    place = placeOf('192.0.2.2')
    const failure = failureOf(read())
    request.write(Buffer.alloc(51))
    expect(await failure).to.include({ status: 503, code: 'BUSY' })
    request = new PassThrough()
    const second = read()
    request.end(Buffer.alloc(50))
    await second
    expect(bodies.bufferedBytes).to.equal(150)
    body.release()
    body.release()
    expect(bodies.bufferedBytes).to.equal(50)
  })

  it('is listened to no longer than it is read', async () => {
    const before = request.eventNames().map((name) => [name, request.listenerCount(name)])
    const body = read()
    request.end('text')
    expect(Buffer.from((await body).bytes).toString()).to.equal('text')
    for (const name of ['data', 'close', 'error', 'end'])
      expect([name, request.listenerCount(name)]).to.deep.equal(before.find(([known]) => known === name) ?? [name, 0])
  })

  it('is refused after 30 s where nothing of it comes', async () => {
    const failure = failureOf(read())
    await clock.advance(30_000)
    expect(await failure).to.include({ status: 408, message: 'only 0 bytes of the body arrived in 30000 ms' })
    expect(clock.pendingCount).to.equal(0)
  })

  it('counts for its client until its call is over', async () => {
    const body = read()
    request.write(Buffer.alloc(100_000))
    await clock.advance(0)
    expect([place.account.isIdle, accounting.usage().held.bodies]).to.deep.equal([true, 100_000])
    request.end()
    const { release } = await body
    expect([place.account.isIdle, accounting.usage().held.bodies]).to.deep.equal([false, 100_000])
    release()
    expect([accounting.usage().held.bodies, bodies.bufferedBytes]).to.deep.equal([0, 0])
  })

  it('is refused with 503 where it has to make room while it is on its way', async () => {
    const failure = failureOf(read())
    request.write(Buffer.alloc(100_000))
    await clock.advance(0)
    place.account.shed()
    expect(await failure).to.include({ status: 503, code: 'BUSY' })
    expect([accounting.heldBytes, bodies.bufferedBytes, clock.pendingCount]).to.deep.equal([0, 0, 0])
  })

  it('makes room in memory where that of another address comes, the one first that stands still', async () => {
    bodies = new Bodies({ ...limits, maxBufferedBytes: 1_000_000 }, accounting, clock)
    const ofAttacker = [0, 1, 2].map(() => {
      const each = new PassThrough()
      const message = Object.assign(each, { headers: {} }) as unknown as IncomingMessage
      return { each, failure: failureOf(bodies.read(message, placeOf('192.0.2.66'))) }
    })
    for (const { each } of ofAttacker) each.write(Buffer.alloc(200_000))
    await clock.advance(0)
    ofAttacker[0]?.each.write(Buffer.alloc(100_000))
    await clock.advance(0)
    const body = read()
    request.end(Buffer.alloc(400_000))
    expect((await body).bytes).to.have.length(400_000)
    expect(await ofAttacker[1]?.failure).to.include({ status: 503 })
    expect(bodies.bufferedBytes).to.be.at.most(1_000_000)
    ofAttacker[0]?.each.destroy()
    expect(await ofAttacker[0]?.failure).to.include({ status: 400 })
    ofAttacker[2]?.each.destroy()
    await ofAttacker[2]?.failure
  })
})
