// Which answers are on their way out over which connection, and that nothing is kept of a connection that has ended.
import { EventEmitter } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { expect } from 'chai'
import { OpenAnswers } from '../../lib/features/web/open-answers.ts'

class Connection extends EventEmitter {
  closed = false

  get socket(): Socket {
    return this as unknown as Socket
  }

  end(): void {
    this.closed = true
    this.emit('close')
  }
}

/** Behind another one it has no socket yet, and does not hear of the connection's end. */
class Answer extends EventEmitter {
  closed = false
  socket: Socket | null

  constructor(socket: Socket | null) {
    super()
    this.socket = socket
  }

  get response(): ServerResponse {
    return this as unknown as ServerResponse
  }

  end(): void {
    this.closed = true
    this.emit('close')
  }
}

describe('The answers of a web port', () => {
  let lasts: Socket[]
  let answers: OpenAnswers
  let connection: Connection

  beforeEach(() => {
    lasts = []
    answers = new OpenAnswers((socket) => lasts.push(socket))
    connection = new Connection()
  })

  const add = (socket: Socket | null, to = connection): Answer => {
    const answer = new Answer(socket)
    answers.add({ socket: to.socket } as IncomingMessage, answer.response)
    return answer
  }

  it('are open until they have left, and the last one of a connection is said', () => {
    const [first, second] = [add(connection.socket), add(null)]
    expect([answers.has(connection.socket), answers.leaving]).to.deep.equal([true, [first]])
    first.end()
    expect([answers.has(connection.socket), lasts]).to.deep.equal([true, []])
    second.socket = connection.socket
    expect(answers.leaving).to.deep.equal([second])
    second.end()
    expect([answers.has(connection.socket), answers.leaving, lasts]).to.deep.equal([false, [], [connection]])
  })

  it('are forgotten with their connection, also those that do not hear of its end', () => {
    add(connection.socket)
    add(null)
    connection.end()
    expect([answers.has(connection.socket), answers.leaving]).to.deep.equal([false, []])
  })

  it('are none of a connection that has ended, or where they have left', () => {
    const gone = new Connection()
    gone.end()
    add(gone.socket, gone)
    expect(gone.listenerCount('close')).to.equal(0)
    const left = new Answer(connection.socket)
    left.closed = true
    answers.add({ socket: connection.socket } as IncomingMessage, left.response)
    expect([answers.has(gone.socket), answers.has(connection.socket)]).to.deep.equal([false, false])
  })

  it('of one connection are no concern of another', () => {
    const other = new Connection()
    add(connection.socket)
    const answer = add(other.socket, other)
    answer.end()
    expect([answers.has(other.socket), answers.has(connection.socket), lasts]).to.deep.equal([false, true, [other]])
  })
})
