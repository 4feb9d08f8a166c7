// A program in the chat: isock's own client, over TCP.
import { Client } from 'isock'
import { printable } from '../printable.ts'
import { hearing } from './hearing.ts'
import { type ChatLine, CreateChatMessage, GetChatList, Public } from './shared.ts'

export class NativeProgram implements AsyncDisposable {
  readonly #client: Client
  readonly #heard: string[] = []

  private constructor(client: Client) {
    this.#client = client
  }

  static async begin(address: string, email: string, guard: 'Login' | 'Register' = 'Register'): Promise<NativeProgram> {
    const value = { email, password: `the secret of ${email}` }
    const program = new NativeProgram(new Client(address, { credentials: [{ guard, value }] }))
    await program.#client.subscribe(Public, (message) => {
      if (!('CreateChatMessage' in message)) return
      const { author, content } = message.CreateChatMessage
      program.#heard.push(content)
      console.log(`native: hears ${printable(`${author}: ${content}`)}`)
    }).ready
    return program
  }

  async write(content: string): Promise<void> {
    const { pk } = await this.#client.runAction(CreateChatMessage, { channel: 'Public', content })
    if (pk === '') throw new Error('a message without a key')
  }

  hears(part: string): Promise<void> {
    return hearing(this.#heard, part)
  }

  async history(): Promise<string[]> {
    const lines: readonly ChatLine[] = await this.#client.runAction(GetChatList, {})
    return lines.map(({ author, content }) => `${author}: ${content}`)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.close()
  }
}
