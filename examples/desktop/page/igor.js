// A client for Igor's protocol, as a page needs it: streams on one WebSocket, events of processes, and a way back after a
// lost connection. Every stream settles: with its end, or with an error that says why nobody will hear of it. A connection
// that has gone silent is asked for a sign of life, and given up without one.

const firstRetryMs = 100
const longestRetryMs = 2_000
/** What happens in a page when it may have another network: none of it says that the former connection is dead. */
const wakeUps = ['online', 'pageshow', 'visibilitychange']
/** The client's end, by the code of the WebSocket's: it does not connect again. */
const ends = {
  1001: { state: 'ended', why: 'the application has ended' },
  4001: { state: 'elsewhere', why: 'this client came back on another connection' },
}

export class Igor {
  #url
  #id
  #socket
  #streams = new Map()
  #listeners = new Map()
  // Not the client's id: a page that is loaded anew has the same, and may find streams of the former one open.
  #prefix = crypto.randomUUID().slice(0, 8)
  #count = 0
  #introduction
  #isOpen = false
  #isOver = false
  #retryMs = firstRetryMs
  #retry
  #patienceMs
  #patience
  #isGone = false
  #quietMs
  #quiet
  #answerMs
  #doubt

  /**
   * `id` is a random UUID: to know it is to be this client, so the session comes back after a reload. Streams that are open
   * when the connection is lost wait `patienceMs` for another one: longer than the server's `sessionMs` is of no use. It is
   * tried further then; the state is `gone`. A connection that was silent for `quietMs` has `answerMs` for a sign of life.
   */
  constructor(
    url,
    { id, onState, onMessage = () => undefined, patienceMs = 15_000, quietMs = 5_000, answerMs = 4_000 },
  ) {
    this.#url = url
    this.#id = id
    this.#patienceMs = patienceMs
    this.#quietMs = quietMs
    this.#answerMs = answerMs
    this.onState = onState
    this.onMessage = onMessage
    for (const event of wakeUps) globalThis.addEventListener?.(event, this.#onWakeUp)
    this.#connect()
  }

  /**
   * Runs an action; `onData` gets what comes. `done` settles with the last data when the stream is closed. It rejects with
   * what the action threw, at once where there is no connection, and where one was lost with the stream's end in it. What
   * was on its way to `onData` then is gone.
   */
  run(action, data, onData = () => undefined) {
    if (!this.#isOpen) return { done: Promise.reject(new Error('there is no connection')), close: () => undefined }
    return this.#begin(action, data, onData)
  }

  /** Gets the events of a process: `listener(action, data)`. */
  onProcess(process, listener) {
    this.#listeners.set(process, listener)
  }

  /** Ends it. */
  close() {
    const socket = this.#socket
    this.#socket = undefined
    this.#end('ended', 'this client was closed')
    socket?.close()
  }

  #begin(action, data, onData) {
    const streamId = `${this.#prefix}-${++this.#count}`
    const stream = { onData, last: undefined, error: undefined, isClosing: false }
    const done = new Promise((resolve, reject) => Object.assign(stream, { resolve, reject }))
    this.#streams.set(streamId, stream)
    this.#send({ streamId, action, data })
    const close = () => {
      if (!this.#streams.has(streamId)) return
      // Said once more to a server that was not to be heard.
      stream.isClosing = true
      this.#send({ streamId, close: true })
    }
    return { streamId, done, close }
  }

  #connect() {
    const socket = new WebSocket(this.#url)
    this.#socket = socket
    this.#patience ??= setTimeout(() => this.#onGone(), this.#patienceMs)
    this.#expectLife()
    socket.addEventListener('open', () => void this.#introduce(socket))
    // What a socket says that was given up is of no interest.
    socket.addEventListener('message', ({ data }) => socket === this.#socket && this.#onMessage(JSON.parse(data)))
    socket.addEventListener('close', ({ code }) => socket === this.#socket && this.#onClose(code))
  }

  /** Nothing may come for a while, as over a network that is no more, where no end of a connection is heard either. */
  #expectLife() {
    clearTimeout(this.#quiet)
    this.#doubt ??= setTimeout(() => {
      const silent = this.#socket
      this.#onClose()
      silent.close()
    }, this.#answerMs)
  }

  #onLife() {
    clearTimeout(this.#doubt)
    clearTimeout(this.#quiet)
    this.#doubt = undefined
    this.#quiet = setTimeout(() => this.#ping(), this.#quietMs)
  }

  /** Any answer is a sign of life, even that there is no such action. */
  #ping() {
    if (this.#doubt !== undefined) return
    // Before it is open, the introduction waits for its answer.
    if (this.#isOpen) this.#send({ streamId: `${this.#prefix}-ping`, action: 'ping' })
    this.#expectLife()
  }

  #onWakeUp = () => {
    if (this.#isOpen) return this.#ping()
    if (this.#socket !== undefined) return
    clearTimeout(this.#retry)
    this.#connect()
  }

  #onGone() {
    this.#isGone = true
    this.#failAll('the connection was lost')
    this.onState('gone', false)
  }

  async #introduce(socket) {
    const introduction = this.#begin('introduce_self', { client_id: this.#id }, () => undefined)
    this.#introduction = introduction.streamId
    const answer = await introduction.done.catch((error) => ({ error }))
    // Lost meanwhile: it is tried again.
    if (socket !== this.#socket || socket.readyState !== WebSocket.OPEN) return
    if (answer.error !== undefined) {
      // It may be let in later, but the session that the streams belong to is not there for us.
      this.#failAll(answer.error.message)
      socket.close()
      return
    }
    const { resumed, streams } = answer
    this.#isOpen = true
    this.#retryMs = firstRetryMs
    clearTimeout(this.#patience)
    this.#patience = undefined
    this.#isGone = false
    this.#agreeOn(resumed ? streams : [])
    this.onState('open', resumed)
  }

  /** `open`: the streams whose end will come. Of the others it was lost, or they never began. */
  #agreeOn(open) {
    const isOpen = new Set(open)
    for (const [streamId, { isClosing }] of this.#streams) {
      if (!isOpen.has(streamId)) this.#fail(streamId, 'the connection was lost, and what became of this with it')
      else if (isClosing) this.#send({ streamId, close: true })
    }
    // Those of a former page, or that were given up.
    for (const streamId of open) if (!this.#streams.has(streamId)) this.#send({ streamId, close: true })
  }

  #onMessage(message) {
    this.#onLife()
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
    if (this.#isOver) return
    this.#socket = undefined
    this.#isOpen = false
    clearTimeout(this.#quiet)
    clearTimeout(this.#doubt)
    this.#doubt = undefined
    this.#fail(this.#introduction, 'the connection was lost')
    const { state, why } = ends[code] ?? {}
    if (state !== undefined) return this.#end(state, why)
    this.#patience ??= setTimeout(() => this.#onGone(), this.#patienceMs)
    this.#retry = setTimeout(() => this.#connect(), this.#retryMs)
    this.#retryMs = Math.min(longestRetryMs, this.#retryMs * 2)
    if (!this.#isGone) this.onState('lost', false)
  }

  #end(state, why) {
    if (this.#isOver) return
    this.#isOver = true
    this.#isOpen = false
    for (const event of wakeUps) globalThis.removeEventListener?.(event, this.#onWakeUp)
    for (const timer of [this.#retry, this.#patience, this.#quiet, this.#doubt]) clearTimeout(timer)
    this.#failAll(why)
    this.onState(state, false)
  }

  #failAll(why) {
    for (const streamId of this.#streams.keys()) this.#fail(streamId, why)
  }

  #fail(streamId, why) {
    const stream = this.#streams.get(streamId)
    this.#streams.delete(streamId)
    stream?.reject(new Error(why))
  }

  #send(message) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return
    this.onMessage('out', message)
    this.#socket.send(JSON.stringify(message))
  }
}
