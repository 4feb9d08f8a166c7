// A connection of the Igor gateway whose client the server did not let in: it may introduce itself while a handshake may take.
import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { AuthError, BusyError } from 'isock'
import type { WebSocket } from 'ws'
import { Held } from '../../../lib/core/accounting/held.ts'
import { unaccounted } from '../../../lib/core/accounting/meter.ts'
import { defaultLimits } from '../../../lib/core/base/options.ts'
import type { ClientTable } from '../../../lib/gateways/igor/client-table.ts'
import { Connection } from '../../../lib/gateways/igor/connection.ts'
import type { IgorClient } from '../../../lib/gateways/igor/igor-client.ts'
import type { Introductions } from '../../../lib/gateways/igor/introduce-self.ts'
import { settle, VirtualClock } from '../../setup/virtual-clock.ts'

class Socket extends EventEmitter {
  readonly OPEN = 1
  readonly CLOSED = 3
  readyState = 1
  closedWith: number | undefined

  close(code: number): void {
    this.closedWith = code
    this.end()
  }

  end(): void {
    this.readyState = this.CLOSED
    this.emit('close')
  }
}

const limits = { ...defaultLimits, handshakeTimeoutMs: 1_000, heartbeatMs: 100_000, deadAfterMs: 300_000 }

describe('A client that was not let in to the Igor gateway', () => {
  let clock: VirtualClock
  let socket: Socket
  let sent: string[]
  let admitted: unknown[]
  let refuse: (error: Error) => void
  let client: { introduced: object | undefined; isAdmitted: boolean }

  beforeEach(() => {
    clock = new VirtualClock()
    socket = new Socket()
    sent = []
    admitted = []
    const admission = new Promise<void>((_resolve, reject) => {
      refuse = reject
    })
    const accounts = { input: unaccounted.meter(Held.Bodies) }
    const outbox = { push: (text: string) => sent.push(text), sentCount: 0 }
    client = Object.assign(
      { introduced: undefined, isAdmitted: false },
      { attach: () => undefined, connect: () => admission, outbox, accounts },
    )
    new Connection({
      socket: socket as unknown as WebSocket,
      client: client as unknown as IgorClient,
      clients: { setAdmitted: (who: unknown) => admitted.push(who), leave: () => undefined } as unknown as ClientTable,
      introductions: {} as Introductions,
      clock,
      limits,
      isClosing: () => false,
    })
  })

  afterEach(() => {
    if (socket.readyState !== socket.CLOSED) socket.end()
    expect(clock.pendingCount).to.equal(0)
  })

  for (const [error, code, closedWith, told] of [
    [new AuthError('not you'), 401, 1008, 'not you'],
    [new BusyError('no place'), 503, 1013, 'the server accepts no more clients at the moment'],
  ] as const)
    it(`is refused with ${code} when its time is over`, async () => {
      refuse(error)
      await clock.advance(999)
      expect([sent, socket.closedWith]).to.deep.equal([[], undefined])
      await clock.advance(1)
      expect(JSON.parse(sent[0] as string)).to.deep.include({ error: told, code })
      expect(socket.closedWith).to.equal(closedWith)
      expect(admitted).to.deep.equal([])
    })

  it('stays when it has introduced itself meanwhile', async () => {
    refuse(new AuthError('not you'))
    await settle()
    client.introduced = { id: 'a' }
    await clock.advance(1_000)
    expect([admitted, sent, socket.closedWith]).to.deep.equal([[client], [], undefined])
  })

  it('stays when the server has a place for it meanwhile', async () => {
    refuse(new BusyError('no place'))
    await settle()
    client.isAdmitted = true
    await clock.advance(1_000)
    expect([admitted, sent, socket.closedWith]).to.deep.equal([[client], [], undefined])
  })

  it('is not waited for when it has gone before it was refused', async () => {
    socket.end()
    refuse(new AuthError('not you'))
    await settle()
    expect(clock.pendingCount).to.equal(0)
  })

  it('is not waited for when it goes', async () => {
    refuse(new AuthError('not you'))
    await settle()
    socket.end()
    expect(clock.pendingCount).to.equal(0)
  })
})
