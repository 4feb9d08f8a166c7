// What a client believes of a daemon's answers: only what has the shape of one.
import { expect } from 'chai'
import { clientsIn, isAnswerTo } from '../../lib/tracim/daemon-answers.ts'
import { daemonEventTypes as types } from '../../lib/tracim/event-types.ts'

describe('The answer of a tracim daemon', () => {
  const result = { request: { method: 'GET', endpoint: '/api/x' }, status_code: 200, status: 'OK', data: '{}' }
  const answer = (data: unknown, type: string = types.requestResult) => ({ type, path: '/a', data })
  const answers = (data: unknown, type?: string) => isAnswerTo(answer(data, type), 'GET', '/api/x')

  it('is one to this request: its method, and its endpoint', () => {
    expect(answers(result)).to.equal(true)
    expect(answers({ ...result, request: { method: 'PUT', endpoint: '/api/x' } })).to.equal(false)
    expect(answers({ ...result, request: { method: 'GET', endpoint: '/api/y' } })).to.equal(false)
    expect(answers(result, types.getClients)).to.equal(false)
  })

  it('is none where anything of it has another shape', () => {
    for (const data of [undefined, null, 7, 'text', [], [result], {}]) expect(answers(data)).to.equal(false)
    for (const request of [undefined, null, 'GET', ['GET']]) expect(answers({ ...result, request })).to.equal(false)
    for (const [field, value] of [
      ['status_code', '200'],
      ['status', 200],
      ['data', { an: 'object' }],
    ] as const) {
      expect(answers({ ...result, [field]: value }), field).to.equal(false)
      expect(answers({ ...result, [field]: undefined }), field).to.equal(false)
    }
  })

  it('names clients; what is none is left out', () => {
    const client = { path: '/b', pid: '1' }
    const data = [
      client,
      null,
      7,
      [client],
      { path: '/b' },
      { pid: '1' },
      { path: 1, pid: '1' },
      { path: '/b', pid: 1 },
    ]
    expect(clientsIn(answer(data))).to.deep.equal([client])
    for (const none of [undefined, null, {}, client, 'text']) expect(clientsIn(answer(none))).to.deep.equal([])
  })
})
