// A client for Igor's protocol, as a page needs it: streams on one WebSocket, events of processes, and a way back after a
// lost connection.

export class Igor {
  #url
  #id
  #socket
  #streams = new Map()
  #listeners = new Map()
  #count = 0
  #isOver = false
  #retryMs = 100

  /** `id` is a random UUID: whoever knows it is this client, so the session comes back after a reload. */
  constructor(url, { id, onState, onMessage }) {
    this.#url = url
    this.#id = id
    this.onState = onState
    this.onMessage = onMessage
    this.#connect()
  }

  /** Runs an action; `onData` gets what comes. Settles with the last data when the stream is closed. */
  run(action, data, onData = () => undefined) {
    const streamId = `${this.#id.slice(0, 8)}-${++this.#count}`
    let settle
    const done = new Promise((resolve, reject) => {
      settle = { resolve, reject, onData, last: undefined, error: undefined }
    })
    this.#streams.set(streamId, settle)
    this.#send({ streamId, action, data })
    return { done, close: () => this.#send({ streamId, close: true }) }
  }

  /** Gets the events of a process: `listener(action, data)`. */
  onProcess(process, listener) {
    this.#listeners.set(process, listener)
  }

  #connect() {
    const socket = new WebSocket(this.#url)
    this.#socket = socket
    socket.addEventListener('open', () => void this.#introduce())
    socket.addEventListener('message', ({ data }) => this.#onMessage(JSON.parse(data)))
    socket.addEventListener('close', ({ code }) => this.#onClose(code))
  }

  async #introduce() {
    this.#retryMs = 100
    const { resumed } = await this.run('introduce_self', { client_id: this.#id }).done
    // What was under way for a session that is no more will not be answered.
    if (!resumed) this.#failAll('the session was lost')
    this.onState('open', resumed)
  }

  #onMessage(message) {
    this.onMessage('in', message)
    const { streamId, action, data, error, close } = message
    const stream = this.#streams.get(streamId)
    if (action !== undefined) this.#listeners.get(streamId)?.(action, data)
    else if (stream !== undefined && error !== undefined) stream.error = new Error(error)
    else if (stream !== undefined && close === true) {
      this.#streams.delete(streamId)
      if (stream.error === undefined) stream.resolve(stream.last)
      else stream.reject(stream.error)
    } else if (stream !== undefined) {
      stream.last = data
      stream.onData(data)
    }
  }

  #onClose(code) {
    // 1001: the server ends. It is not looked for any more.
    this.#isOver ||= code === 1001
    this.onState(this.#isOver ? 'ended' : 'lost', false)
    if (this.#isOver) return this.#failAll('the application has ended')
    setTimeout(() => this.#connect(), this.#retryMs)
    this.#retryMs = Math.min(2_000, this.#retryMs * 2)
  }

  #failAll(why) {
    for (const [streamId, stream] of this.#streams) {
      this.#streams.delete(streamId)
      stream.reject(new Error(why))
    }
  }

  #send(message) {
    if (this.#socket.readyState !== WebSocket.OPEN) return
    this.onMessage('out', message)
    this.#socket.send(JSON.stringify(message))
  }
}
