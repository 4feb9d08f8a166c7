// When those who lost their link are said to have left.
import { expect } from 'chai'
import { Accounting } from '../../lib/accounting/accounting.ts'
import { Attendance } from '../../lib/channels/attendance.ts'
import { Room } from '../../lib/channels/room.ts'
import type { ServerSession } from '../../lib/server/server-session.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'

const graceMs = 10_000

describe('The attendance of a room', () => {
  it('ends each grace in its time, also where one that came first was begun again', async () => {
    const clock = new VirtualClock()
    const left: string[] = []
    const attendance = new Attendance({
      clock,
      graceMs,
      infoOf: ({ id }) => id,
      announce: (event, { session }) => {
        if (event === 'leave') left.push(session)
      },
      onVacant: () => undefined,
    })
    const accounting = new Accounting({ maxHeldBytes: 1e6, isShared: () => false })
    const holdings = { accounting, places: undefined, maker: accounting.server, onEnd: () => undefined }
    const room = new Room('red', 'epoch', undefined, holdings)
    // Of a session it asks for no more than this.
    const [cat, dog] = ['cat', 'dog'].map((id) => ({ id, isConnected: true }) as unknown as ServerSession) as [
      ServerSession,
      ServerSession,
    ]
    for (const session of [cat, dog]) attendance.enter(room, session, () => session.id)
    attendance.changed(cat, 'cut')
    attendance.exit(room, cat)
    await clock.advance(1_000)
    attendance.changed(dog, 'cut')
    await clock.advance(4_000)
    // It is back, and has not asked for the room again yet.
    attendance.changed(cat, 'resumed')
    await clock.advance(graceMs - 4_000)
    expect(left).to.deep.equal(['dog'])
    await clock.advance(4_000)
    expect(left).to.deep.equal(['dog', 'cat'])
    attendance.close()
  })
})
