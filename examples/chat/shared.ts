// What the server, the page and programs share: the channel, and what each signal takes and gives.
import { Action, Channel, type ChannelSession } from 'isock'
import type { Named } from 'isock/lexicons'

/** What the guards Login and Register are shown. */
export interface Account {
  readonly email: string
  readonly password: string
}

/** A message of the chat as everybody gets it. */
export interface ChatLine {
  readonly pk: string
  readonly author: string
  readonly channel: string
  readonly content: string
  /** Seconds since 1970. */
  readonly timestamp: number
}

/** What everybody may read. Each message says by its name what it is. */
export class Public extends Channel<Named<{ CreateChatMessage: ChatLine; UserEnter: string; UserExit: string }>> {
  static readonly named = true

  override presenceOf({ identity }: ChannelSession): { readonly name: string } {
    return { name: String(identity?.['name']) }
  }
}

export class CreateChatMessage extends Action<{ readonly channel: string; readonly content: string }, ChatLine> {}

/** Which messages, and in what order; without anything the newest 100, oldest first. The server checks it. */
export interface ChatQuery {
  readonly filter?: Readonly<Record<string, unknown>>
  readonly options?: { readonly sort?: string[]; readonly limit?: number; readonly offset?: number }
}

export class GetChatList extends Action<ChatQuery, readonly ChatLine[]> {}

/** Who has signed in, with what Login takes instead of a password, for a page that is loaded again. */
export class GetToken extends Action<undefined, { readonly token: string; readonly name: string }> {}
