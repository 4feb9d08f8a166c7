// Messages on their way: each is sent when the one before it has an answer, so that they arrive in order, and is shown as
// not sent until then. The client waits for a connection; a message that is refused can be sent again.
import type { Client } from 'isock'
import { CreateChatMessage } from '../shared.ts'
import { element, inWords, part } from './elements.ts'
import type { Messages } from './messages.ts'

export class Outbox {
  readonly #client: Client
  readonly #messages: Messages
  readonly #field: HTMLElement
  #last: Promise<void> = Promise.resolve()

  constructor(client: Client, messages: Messages, field: HTMLElement) {
    this.#client = client
    this.#messages = messages
    this.#field = field
  }

  send(content: string): void {
    const item = element('li', {}, element('span', { class: 'content', dir: 'auto' }, content))
    this.#last = this.#last.then(() => this.#deliver(content, item))
    this.#show(item, 'pending', element('span', { class: 'status' }, 'Not sent yet'))
    part('pending').append(item)
    this.#messages.toEnd()
  }

  async #deliver(content: string, item: HTMLElement): Promise<void> {
    try {
      const line = await this.#client.runAction(CreateChatMessage, { channel: 'Public', content })
      this.#messages.add(line)
      item.remove()
    } catch (error) {
      const again = this.#button('Send again', item, () => this.send(content))
      const drop = this.#button('Remove', item, () => undefined)
      const status = element('span', { class: 'status', role: 'alert' }, inWords(error))
      this.#show(item, 'failed', status, element('span', { class: 'choices' }, again, drop))
    }
  }

  #show(item: HTMLElement, state: string, ...status: HTMLElement[]): void {
    item.className = state
    item.replaceChildren(item.firstElementChild as Element, ...status)
  }

  #button(label: string, item: HTMLElement, onClick: () => void): HTMLElement {
    const button = element('button', { type: 'button', class: 'quiet small' }, label)
    button.addEventListener('click', () => {
      item.remove()
      onClick()
      this.#field.focus()
    })
    return button
  }
}
