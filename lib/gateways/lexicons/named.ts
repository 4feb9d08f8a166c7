// Channels whose messages carry their name: `{ Name: payload }`, as in lexicons. Both sides of a channel may import
// this file: it needs nothing from a server.
import { type AnyChannel, type ChannelClass, channelNameOf, type MessageOf } from '../../features/channels/channel.ts'

/**
 * A message under its name, one of several kinds. Readers test `'Name' in message`.
 *
 * @example
 * class Public extends Channel<Named<{ CreateChatMessage: ChatMessage; UserEnter: string }>> {
 *   static readonly named = true
 * }
 * await server.publish(Public, { UserEnter: 'Ada has come' })
 */
export type Named<Messages> = {
  [Name in keyof Messages]: { readonly [Only in Name]: Messages[Only] }
}[keyof Messages]

/** The payload of any message of a channel. Without a channel, anything. */
export type PayloadOf<C extends ChannelClass> = [C] extends [never] ? unknown : ValueOf<MessageOf<C>>

type ValueOf<Message> = Message extends object ? Message[keyof Message] : never

/** A channel class with `static readonly named = true`: each message has one key, its name. */
export type NamedChannelClass<C extends AnyChannel = AnyChannel> = ChannelClass<C> & { readonly named: true }

export function isNamed(channel: ChannelClass): channel is NamedChannelClass {
  return (channel as { readonly named?: unknown }).named === true
}

/** A channel's message as lexicons' clients receive it: under its own name, or under the channel's if it has none. */
export function entryOf(channel: ChannelClass, message: unknown): object {
  return isNamed(channel) && isEntry(message) ? message : { [channelNameOf(channel)]: message }
}

function isEntry(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 1
}
