// A connection of the Igor gateway whose client the server did not let in: it may introduce itself while a handshake may take.
import { EventEmitter } from 'node:events'
import { expect } from 'chai'
import { AuthError, BusyError } from 'isock'
import type { WebSocket } from 'ws'
import { defaultLimits } from '../../../lib/core/base/options.ts'
import { Connection } from '../../../lib/gateways/igor/connection.ts'
import type { IgorClient } from '../../../lib/gateways/igor/igor-client.ts'
import type { Introductions } from '../../../lib/gateways/igor/introduction.ts'
import type { Roster } from '../../../lib/gateways/igor/roster.ts'
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
  let letIn: unknown[]
  let refuse: (error: Error) => void
  let client: { introduced: object | undefined; isLetIn: boolean }

  beforeEach(() => {
    clock = new VirtualClock()
    socket = new Socket()
    sent = []
    letIn = []
    const admitted = new Promise<void>((_resolve, reject) => {
      refuse = reject
    })
    const outbox = { push: (text: string) => sent.push(text), sentCount: 0 }
    client = Object.assign(
      { introduced: undefined, isLetIn: false },
      { attach: () => undefined, admit: () => admitted, outbox },
    )
    new Connection({
      socket: socket as unknown as WebSocket,
      client: client as unknown as IgorClient,
      roster: { letIn: (who: unknown) => letIn.push(who), leave: () => undefined } as unknown as Roster,
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

  for (const [error, code, closedWith] of [
    [new AuthError('not you'), 401, 1008],
    [new BusyError('no place'), 503, 1013],
  ] as const)
    it(`is refused with ${code} when its time is over`, async () => {
      refuse(error)
      await clock.advance(999)
      expect([sent, socket.closedWith]).to.deep.equal([[], undefined])
      await clock.advance(1)
      expect(JSON.parse(sent[0] as string)).to.deep.include({ error: error.message, code })
      expect(socket.closedWith).to.equal(closedWith)
      expect(letIn).to.deep.equal([])
    })

  it('stays when it has introduced itself meanwhile', async () => {
    refuse(new AuthError('not you'))
    await settle()
    client.introduced = { id: 'a' }
    await clock.advance(1_000)
    expect([letIn, sent, socket.closedWith]).to.deep.equal([[client], [], undefined])
  })

  it('stays when the server has a place for it meanwhile', async () => {
    refuse(new BusyError('no place'))
    await settle()
    client.isLetIn = true
    await clock.advance(1_000)
    expect([letIn, sent, socket.closedWith]).to.deep.equal([[client], [], undefined])
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
