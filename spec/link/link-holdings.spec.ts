// What a link holds for its peer, as it is accounted for.
import { expect } from 'chai'
import type { Account } from '../../lib/core/accounting/account.ts'
import { Accounting } from '../../lib/core/accounting/accounting.ts'
import { LinkError } from '../../lib/core/base/errors.ts'
import { Kind } from '../../lib/core/wire/frames/frame.ts'
import { settle } from '../setup/virtual-clock.ts'
import { FrameLinkWorld } from './frame-link-world.ts'

const kibibyte = 1024

describe('what a link holds', () => {
  let accounting: Accounting
  let account: Account
  let world: FrameLinkWorld

  beforeEach(() => {
    accounting = new Accounting({ maxHeldBytes: Number.POSITIVE_INFINITY, isShared: () => false })
    const owner = { address: '192.0.2.1', identity: undefined }
    account = accounting.open({ owner, bytes: 0, shed: () => undefined })
    world = FrameLinkWorld.established({}, account)
  })

  afterEach(() => world.link.close(new LinkError('the end'), 'abort'))

  const held = () => accounting.usage().held

  function write(kibibytes: number): void {
    world.link.send({ kind: Kind.Result, seq: 1, items: 0, value: new Uint8Array(kibibytes * kibibyte) })
  }

  it('is the memory of a frame that has come in part, until it is whole', () => {
    const length = 300 * kibibyte
    const header = new Uint8Array(4 + 200 * kibibyte)
    new DataView(header.buffer).setUint32(0, length)
    world.receive(header)
    expect(held().frames).to.be.within(200 * kibibyte, length)
    world.receive(new Uint8Array(99 * kibibyte))
    expect(held().frames).to.equal(length)
  })

  it('is what the peer does not take, until it takes it', async () => {
    world.fake.takesMore = false
    write(100)
    await settle()
    expect(held().writes).to.be.within(100 * kibibyte, 101 * kibibyte)
    write(50)
    await settle()
    expect(held().writes).to.be.within(150 * kibibyte, 152 * kibibyte)
    world.fake.handler?.onDrain()
    expect(held().writes).to.equal(0)
  })

  it('costs nothing where the peer takes it at once', async () => {
    write(100)
    await settle()
    expect(held().writes).to.equal(0)
  })

  it('counts after its end until it is released', async () => {
    let release: () => void = () => undefined
    world.fake.released = new Promise((resolve) => {
      release = resolve
    })
    world.fake.takesMore = false
    write(100)
    await settle()
    void world.link.close(new LinkError('enough'))
    await settle()
    expect(held().writes).to.be.at.least(100 * kibibyte)
    release()
    await settle()
    expect([held().writes, account.isClosed]).to.deep.equal([0, true])
  })

  it('counts no more when the peer has ended it', async () => {
    world.receive(new Uint8Array([0, 1, 0, 0, 7]))
    world.fake.handler?.onEnd(undefined)
    await settle()
    expect(account.isClosed).to.equal(true)
    expect(accounting.heldBytes).to.equal(0)
  })
})
