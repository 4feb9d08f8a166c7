// Which messages of Igor's clients are requests, and what is said about the others.
import { expect } from 'chai'
import { maxStreamIdLength, readMessage } from '../../../lib/gateways/igor/message.ts'

const read = (message: unknown) => readMessage(JSON.stringify(message))
const noId = { kind: 'wrong', error: 'the message has no streamId; add one, such as a counter or a UUID' }
const badId = { kind: 'wrong', error: 'streamId: expected a text of 1 to 256 characters or a whole number' }
const noAction = {
  kind: 'wrong',
  error: 'the message has no action; name the one to run, or send "close": true to end the stream',
  streamId: 1,
}
const badAction = { kind: 'wrong', error: 'action: expected a text of 1 to 512 characters', streamId: 1 }

describe('A message of an Igor client', () => {
  it('runs an action', () => {
    expect(read({ streamId: 1, action: 'Add', data: [2] })).to.deep.equal({
      kind: 'run',
      streamId: 1,
      action: 'Add',
      data: [2],
    })
    expect(read({ streamId: 'a', action: 'Add', close: true })).to.deep.equal({
      kind: 'run',
      streamId: 'a',
      action: 'Add',
      data: undefined,
    })
  })

  it('closes a stream where it says so and names no action', () => {
    expect(read({ streamId: 1, close: true })).to.deep.equal({ kind: 'close', streamId: 1 })
    expect(read({ streamId: 'a', action: null, close: true })).to.deep.equal({ kind: 'close', streamId: 'a' })
  })

  it('has an id for its stream', () => {
    expect(maxStreamIdLength).to.equal(256)
    expect(read({ action: 'Add' })).to.deep.equal(noId)
    expect(read({ streamId: null, action: 'Add' })).to.deep.equal(noId)
    for (const streamId of ['', 'x'.repeat(257), 1.5, 2 ** 53, true, [], {}])
      expect(read({ streamId, action: 'Add' })).to.deep.equal(badId)
    for (const streamId of ['x', 'x'.repeat(256), 0, -1, 2 ** 53 - 1])
      expect(read({ streamId, close: true })).to.deep.equal({ kind: 'close', streamId })
  })

  it('names an action, or closes', () => {
    for (const rest of [{}, { action: null }, { close: false }, { close: 1 }, { close: 'true' }])
      expect(read({ streamId: 1, ...rest })).to.deep.equal(noAction)
  })

  it('names an action by a text that is not too long', () => {
    for (const action of ['', 'x'.repeat(513), 5, true, {}, false, 0])
      expect(read({ streamId: 1, action })).to.deep.equal(badAction)
    expect(read({ streamId: 0, action: '' })).to.deep.equal({ ...badAction, streamId: 0 })
    for (const action of ['x', 'x'.repeat(512)])
      expect(read({ streamId: 1, action })).to.deep.equal({ kind: 'run', streamId: 1, action, data: undefined })
  })

  it('is a JSON object', () => {
    for (const message of [null, [], 5, 'run'])
      expect(read(message)).to.deep.equal({
        kind: 'wrong',
        error: 'a message is a JSON object: {"streamId", "action", "data"}',
      })
    const { kind, error } = readMessage('{') as { readonly kind: string; readonly error: string }
    expect(kind).to.equal('wrong')
    expect(error).to.match(/^this message is .+; send \{"streamId", "action", "data"\}$/)
  })

  it('is refused beyond the limits', () => {
    const deep = `{"streamId":1,"action":"a","pad":"${'x'.repeat(20_000)}","data":${'['.repeat(50)}${']'.repeat(50)}}`
    expect(readMessage(deep, { maxDepth: 20, maxContainers: 1_000 }).kind).to.equal('wrong')
    expect(readMessage(deep, { maxDepth: 100, maxContainers: 1_000 }).kind).to.equal('run')
  })
})
