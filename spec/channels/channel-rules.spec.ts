// What is refused of a channel class and its options, in full, and what makes a channel durable.
import { expect } from 'chai'
import { ServerError } from '../../lib/core/base/errors.ts'
import { Channel } from '../../lib/features/channels/channel.ts'
import { rulesOf } from '../../lib/features/channels/channel-options.ts'

const channelWith = (statics: object): Channel => new (Object.assign(class Odd extends Channel {}, statics))()

function refusalOf(statics: object): string {
  try {
    rulesOf(channelWith(statics))
  } catch (error) {
    expect(error).to.be.instanceOf(ServerError).and.include({ code: 'INVALID_CHANNEL' })
    return (error as Error).message
  }
  return 'it was taken'
}

const history = { size: 1, ttlMs: 2, maxBytes: 3 }

describe('A durable channel', () => {
  it('is one whose class says so, and has a history', () => {
    expect(rulesOf(channelWith({ durable: true, history }))).to.deep.include({ isDurable: true, history })
    expect(rulesOf(channelWith({ durable: false, history })).isDurable).to.equal(false)
    expect(refusalOf({ durable: false })).to.equal('it was taken')
    expect(refusalOf({ durable: true })).to.equal(
      'channel "Odd" is durable, and has no history: give it one, such as static history = { size: 1_000, ttlMs: 86_400_000 }',
    )
  })

  it('is no other value', () => {
    for (const [durable, shown] of [
      ['yes', '"yes"'],
      [1, '1'],
      [null, 'null'],
    ])
      expect(refusalOf({ durable, history })).to.equal(
        `static durable of channel "Odd": expected true or false, got ${shown}`,
      )
  })
})

describe('The statics of a channel', () => {
  it('are refused with what was expected', () => {
    expect(refusalOf({ overflow: 'drop' })).to.equal(
      'static overflow of channel "Odd": expected drop-reader, drop-oldest, drop-newest, got "drop"',
    )
    expect(refusalOf({ schema: {} })).to.equal(
      'static schema of channel "Odd" is not a Standard Schema (zod, valibot, arktype ...)',
    )
    expect(refusalOf({ history: { ...history, size: 1.5 } })).to.equal(
      'static history.size of channel "Odd": expected a number above 0, got 1.5',
    )
  })

  it('keep a history of whole messages, for parts of times and bytes', () => {
    expect(rulesOf(channelWith({ history: { size: 2, ttlMs: 0.5, maxBytes: 1.5 } })).history).to.deep.equal({
      size: 2,
      ttlMs: 0.5,
      maxBytes: 1.5,
    })
  })

  it('have no unknown part of a history', () => {
    expect(() => rulesOf(channelWith({ history: { ...history, length: 1 } }))).to.throw(
      /static history of channel "Odd".*length/,
    )
  })

  it('have a description', () => {
    expect(rulesOf(channelWith({ description: 'of all' })).description).to.equal('of all')
  })
})

describe('The options of a channel', () => {
  it('may be Infinity', () => {
    const most = { maxRooms: Number.POSITIVE_INFINITY, maxQueued: Number.POSITIVE_INFINITY }
    expect(rulesOf(channelWith({}), most)).to.include(most)
  })

  it('are whole numbers where they count rooms and the grace of presence', () => {
    for (const option of ['maxRooms', 'presenceGraceMs'])
      expect(() => rulesOf(channelWith({}), { [option]: 1.5 })).to.throw(
        `option ${option}: expected a whole number of at least 0, or Infinity, got 1.5`,
      )
  })
})
