// Which documents are events, what is said of the others, and how events are written.
import { expect } from 'chai'
import { BadEvent, formatEvent, isRecord, parseEvent, readClientData } from '../../lib/tracim/daemon-event.ts'

const parse = (text: string) => parseEvent(new TextEncoder().encode(text))

const faultOf = (run: () => unknown) => {
  try {
    return run()
  } catch (error) {
    return error instanceof BadEvent ? error.message : error
  }
}
const faultIn = (value: unknown) => faultOf(() => parse(JSON.stringify(value)))

describe('A daemon event', () => {
  it('is read from JSON, with null for no data', () => {
    expect(parse('{"type":"a","path":"/b","data":{"c":1},"more":2}')).to.deep.equal({
      type: 'a',
      path: '/b',
      data: { c: 1 },
    })
    expect(parse('{"type":"a","path":""}')).to.deep.equal({ type: 'a', path: '', data: null })
    expect(parse('{"type":"a","path":"","data":0}').data).to.equal(0)
    expect(parse('{"type":"a","path":"","data":false}').data).to.equal(false)
  })

  it('has the name of its type that the protocol uses', () => {
    const typeOf = (type: string) => parse(JSON.stringify({ type, path: '' })).type
    expect(['client_add', 'client_delete', 'daemon_ping', 'toString'].map(typeOf)).to.deep.equal([
      'daemon_client_add',
      'daemon_client_delete',
      'daemon_ping',
      'toString',
    ])
  })

  it('is JSON in UTF-8', () => {
    expect(faultOf(() => parseEvent(Uint8Array.of(0x7b, 0xff, 0x7d)))).to.equal(
      'expected JSON in UTF-8, got 3 bytes of something else',
    )
    expect(faultOf(() => parse('{'))).to.equal('expected a JSON document, got 1 bytes of something else')
    expect(faultOf(() => parse(''))).to.equal('expected a JSON document, got 0 bytes of something else')
  })

  it('is an object', () => {
    for (const value of [null, [], 5, 'text']) expect(faultIn(value)).to.match(/^expected a JSON object, got /)
  })

  it('has a type of at most 200 characters', () => {
    for (const type of [undefined, null, 5, '', 'x'.repeat(201), ['a']])
      expect(faultIn({ type, path: '' })).to.match(/^type: expected a text of 1 to 200 characters, got /)
    for (const type of ['x', 'x'.repeat(200)]) expect(parse(JSON.stringify({ type, path: '' })).type).to.equal(type)
  })

  it('has a path', () => {
    for (const path of [undefined, null, 5, []])
      expect(faultIn({ type: 'a', path })).to.match(/^path: expected a text, got /)
  })

  it('is written as the three fields alone', () => {
    const given = { type: 'a', path: '/ä', data: [1], more: 1 }
    const written = formatEvent(given)
    expect(written).to.be.instanceOf(Buffer)
    expect(String(written)).to.equal('{"type":"a","path":"/ä","data":[1]}')
    expect(String(formatEvent({ type: 'a', path: '', data: undefined }))).to.equal('{"type":"a","path":"","data":null}')
    expect(String(formatEvent({ type: 'a', path: '', data: 0 }))).to.equal('{"type":"a","path":"","data":0}')
    expect(() => formatEvent({ type: 'a', path: '', data: 1n })).to.throw(TypeError)
  })
})

describe('The client that an event is about', () => {
  const read = (data: unknown) => faultOf(() => readClientData({ type: 'a', path: '/b', data }))
  const pidOf = (pid: unknown) => read({ path: '/b', pid })

  it('has a path and a pid', () => {
    expect(read({ path: '/b', pid: '12', more: 1 })).to.deep.equal({ path: '/b', pid: '12' })
    expect(pidOf(12)).to.deep.equal({ path: '/b', pid: '12' })
    for (const pid of ['', '0', '1'.repeat(20)]) expect(pidOf(pid)).to.deep.equal({ path: '/b', pid })
    expect(pidOf(2 ** 53 - 1)).to.deep.equal({ path: '/b', pid: '9007199254740991' })
  })

  it('is in an object', () => {
    for (const data of [null, undefined, [], 'a', 5])
      expect(read(data)).to.match(/^data: expected \{ path, pid \}, got /)
  })

  it('is the sender', () => {
    for (const path of ['/c', undefined, ''])
      expect(read({ path, pid: 1 })).to.equal('data.path: expected the same as path')
  })

  it('has the number of a process', () => {
    for (const pid of [undefined, null, 'x', '1x', 'x1', '-1', -1, 1.5, 2 ** 53, '1'.repeat(21), [1], '1\n'])
      expect(pidOf(pid), String(pid)).to.match(/^data\.pid: expected the number of a process, got /)
  })
})

describe('A record', () => {
  it('is an object, and no array', () => {
    expect([{}, { a: 1 }, [], null, undefined, 'a', 5, () => 1].map(isRecord)).to.deep.equal([
      true,
      true,
      false,
      false,
      false,
      false,
      false,
      false,
    ])
  })
})
