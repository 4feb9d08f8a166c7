// What an Accept header asks for: JSON in one of two formats, bytes, or a stream.
import { expect } from 'chai'
import { readAccept, readMediaType, requireEventStream } from '../../../lib/gateways/http/accept.ts'
import { HttpError } from '../../../lib/gateways/http/error-answer.ts'

const faultOf = (run: () => unknown) => {
  try {
    return run()
  } catch (error) {
    return error instanceof HttpError ? [error.status, error.code, error.message] : error
  }
}

const notAcceptable = [
  406,
  'NOT_ACCEPTABLE',
  'no acceptable answer; answers are application/json, application/octet-stream, text/event-stream, ' +
    'application/x-ndjson, application/ndjson, application/jsonl',
]

describe('The Accept header', () => {
  const none = { stream: undefined, streamIfNeeded: undefined, format: undefined, bytes: false }
  const anything = { ...none, streamIfNeeded: 'ndjson', bytes: true }
  const sse = { ...none, stream: 'sse', streamIfNeeded: 'sse' }
  const ndjson = { ...none, stream: 'ndjson', streamIfNeeded: 'ndjson' }
  const read: readonly [header: string | undefined, accepted: object][] = [
    [undefined, anything],
    ['*/*', anything],
    ['application/json', none],
    ['application/*', { ...none, streamIfNeeded: 'ndjson' }],
    ['application/json, */*', { ...none, streamIfNeeded: 'ndjson' }],
    ['application/octet-stream', { ...none, bytes: true }],
    ['application/octet-stream, application/json', { ...none, bytes: true }],
    ['application/json;format=superjson', { ...none, format: 'superjson' }],
    ['application/json; format="plain"', { ...none, format: 'plain' }],
    ['application/json;format=other', none],
    ['text/event-stream', sse],
    ['TEXT/Event-Stream', sse],
    ['application/x-ndjson', ndjson],
    ['application/ndjson', ndjson],
    ['application/jsonl', ndjson],
    ['text/event-stream, */*', { ...sse, bytes: true }],
    ['application/json, text/event-stream', none],
    ['text/event-stream, application/json', sse],
    ['text/event-stream;q=0.5, application/json', none],
    ['text/event-stream;q=0.5, application/json;q=0.4', sse],
    ['application/octet-stream, text/event-stream', { ...none, bytes: true }],
    ['application/json;q=0, text/event-stream', sse],
    ['application/json, text/event-stream;q=0', none],
    ['application/ndjson;q=0.1, text/event-stream;q=0.2', sse],
    ['text/html, */*;q=0.1', anything],
    ['application/json;q=0.1', none],
  ]

  for (const [header, accepted] of read)
    it(`${JSON.stringify(header) ?? 'left out'} accepts ${JSON.stringify(accepted)}`, () => {
      expect(readAccept(header)).to.deep.equal(accepted)
    })

  for (const header of [
    'text/html',
    '',
    'text/*',
    '*/*;q=0',
    'application/json;q=0',
    'application/json;q=x',
    'toString',
  ])
    it(`${JSON.stringify(header)} accepts no answer`, () => {
      expect(faultOf(() => readAccept(header))).to.deep.equal(notAcceptable)
    })

  for (const header of [undefined, '*/*', 'text/*', 'text/event-stream', 'application/json, text/event-stream;q=0.1'])
    it(`${JSON.stringify(header) ?? 'left out'} accepts a channel`, () => {
      expect(faultOf(() => requireEventStream(header))).to.equal(undefined)
    })

  for (const header of ['application/json', '', 'text/event-stream;q=0', 'application/*'])
    it(`${JSON.stringify(header)} does not accept a channel`, () => {
      expect(faultOf(() => requireEventStream(header))).to.deep.equal([
        406,
        'NOT_ACCEPTABLE',
        'a channel is read as text/event-stream',
      ])
    })
})

describe('A media type', () => {
  it('is read in lower case, with its parameters', () => {
    const { type, parameters } = readMediaType(' Application/JSON ; Charset = UTF-8;format="Plain" ')
    expect(type).to.equal('application/json')
    expect([...parameters]).to.deep.equal([
      ['charset', 'utf-8'],
      ['format', 'plain'],
    ])
  })

  it('is read without what is no parameter', () => {
    expect([...readMediaType('a/b;flag;=x;y=;z=1=2;w="half').parameters]).to.deep.equal([
      ['', 'x'],
      ['y', ''],
      ['z', '1=2'],
      ['w', '"half'],
    ])
    expect(readMediaType('')).to.deep.equal({ type: '', parameters: new Map() })
  })
})
