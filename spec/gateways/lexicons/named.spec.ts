// Which channels have named messages, and under which name lexicons' clients get each message.
import { expect } from 'chai'
import { Channel } from '../../../lib/features/channels/channel.ts'
import { entryOf, isNamed } from '../../../lib/gateways/lexicons/named.ts'

class Plain extends Channel<unknown> {}

class Public extends Channel<{ readonly Enter: string }> {
  static readonly named = true
}

class Almost extends Channel<unknown> {
  static readonly named = 'true'
}

describe('A channel with named messages', () => {
  it('is one whose class says true', () => {
    expect([Public, Plain, Almost].map((each) => isNamed(each))).to.deep.equal([true, false, false])
  })

  it('gives each message under its own name', () => {
    const message = { Enter: 'Ada' }
    expect(entryOf(Public, message)).to.equal(message)
  })

  it("gives under the channel's name what is no object with one key", () => {
    for (const message of [{}, { a: 1, b: 2 }, ['one'], null, undefined, 'text', 7])
      expect(entryOf(Public, message)).to.deep.equal({ Public: message })
  })
})

describe('A channel without', () => {
  it("gives each message under the channel's name", () => {
    for (const channel of [Plain, Almost])
      expect(entryOf(channel, { Enter: 'Ada' })).to.deep.equal({ [channel.name]: { Enter: 'Ada' } })
  })
})
