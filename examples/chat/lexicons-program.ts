// A client of lexicons in the chat: nothing of isock, a WebSocket that speaks its JSON.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { printable } from '../printable.ts'
import { hearing } from './hearing.ts'

export class LexiconsProgram implements AsyncDisposable {
  readonly #socket: WebSocket
  readonly #heard: string[] = []

  private constructor(socket: WebSocket) {
    this.#socket = socket
    socket.on('message', (data) => {
      console.log(`json:   <- ${short(String(data))}`)
      this.#heard.push(String(data))
    })
  }

  /** Connects with the header `Register: {"email": ..., "password": ...}`, and subscribes. */
  static async begin(url: string, email: string): Promise<LexiconsProgram> {
    const Register = JSON.stringify({ email, password: `the secret of ${email}` })
    const socket = new WebSocket(`${url.replace('http', 'ws')}/lexicons`, { headers: { Register } })
    const program = new LexiconsProgram(socket)
    await once(socket, 'open')
    program.#send({ Subscribe: { channel: 'Public' } })
    await program.hears('Subscribe')
    return program
  }

  async write(content: string): Promise<void> {
    this.#send({ CreateChatMessage: { channel: 'Public', content } })
    await this.hears(content)
  }

  /** The newest messages of the last hour; several signals go in a list. */
  async askForList(): Promise<void> {
    this.#send([{ GetChatList: { timestamp__gt: Date.now() / 1_000 - 3_600, sort: '-timestamp', limit: 2 } }])
    await this.hears('GetChatList')
  }

  async refusedSignal(): Promise<void> {
    this.#send([{ CreateChatMessage: { channel: 'Secret', content: '?' } }, { DropTables: {} }])
    await this.hears('DropTables')
  }

  hears(part: string): Promise<void> {
    return hearing(this.#heard, part)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#socket.close()
    await once(this.#socket, 'close')
  }

  #send(message: object): void {
    const text = JSON.stringify(message)
    console.log(`json:   -> ${short(text)}`)
    this.#socket.send(text)
  }
}

function short(text: string): string {
  return printable(text.length > 150 ? `${text.slice(0, 150)}...` : text)
}
