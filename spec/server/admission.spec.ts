// What a server keeps of links that it has not admitted.
import { expect } from 'chai'
import { Accounting } from '../../lib/core/accounting/accounting.ts'
import { defaultLimits } from '../../lib/core/base/options.ts'
import type { Link, LinkHandler } from '../../lib/core/link/link.ts'
import { Admission } from '../../lib/core/server/admission.ts'
import { plainHello } from '../hostile/raw-peer.ts'
import { VirtualClock } from '../setup/virtual-clock.ts'
import { bytesOfFrames } from '../wire/frame-bytes.ts'

describe('A link that gets no place', () => {
  it('is closed, and leaves nothing in the accounts', () => {
    const accounting = new Accounting({ maxHeldBytes: 1e9, isShared: () => false })
    const admission = new Admission({
      clock: new VirtualClock(),
      limits: { ...defaultLimits, maxUnauthenticatedLinks: 1 },
      accounting,
      refusal: () => undefined,
      // The guards of the first one go on, so that it is in use and keeps its place.
      authenticator: { authenticate: () => new Promise(() => undefined) },
    } as never)
    const first = linkOf('192.0.2.1')
    admission.onLink(first.link)
    first.handler?.onBytes(bytesOfFrames(plainHello))
    const before = accounting.usage()
    const second = linkOf('192.0.2.2')
    admission.onLink(second.link)
    expect(second.closedHow).to.equal('abort')
    expect(first.closedHow).to.equal(undefined)
    expect(admission.candidateCount).to.equal(1)
    expect(accounting.usage()).to.deep.equal(before)
  })
})

interface Opened {
  readonly link: Link
  handler: LinkHandler | undefined
  closedHow: 'flush' | 'abort' | undefined
}

function linkOf(address: string): Opened {
  const link: Link = {
    peer: { transport: 'memory', description: address, isPrivate: true, address },
    open: (handler) => {
      opened.handler = handler
    },
    write: () => true,
    close: async (how) => {
      opened.closedHow = how
    },
    keepProcessAlive: () => undefined,
  }
  const opened: Opened = { link, handler: undefined, closedHow: undefined }
  return opened
}
