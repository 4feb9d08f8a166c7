// How an action chooses the receivers of its result: channels, the caller, or both. Works for every client that runs the action;
// isock's own clients get the payload as the value.
import type { Context, PublishOptions } from '../../core/action/context.ts'
import { ServerError } from '../../core/base/errors.ts'
import { channelNameOf } from '../../features/channels/channel.ts'
import { toJsonText } from '../json-values.ts'
import { answerableClientOf } from './lexicons-client.ts'
import { roomIdOf } from './memberships.ts'
import { isNamed, type NamedChannelClass, type PayloadOf } from './named.ts'

/** The rooms of the channels, and the other receivers of the payload. */
export interface RespondOptions extends Pick<PublishOptions, 'key' | 'except'> {
  /** The calling lexicons client receives the payload too, whether it is in a channel or not. Default false. */
  readonly reply?: boolean | undefined
}

/**
 * Publishes an action's payload to channels, as `{ ActionName: payload }`, and returns it for the action to return. Without
 * channels and without `reply` a lexicons client receives nothing. If the action runs for one of a list of signals, the payload
 * is published when the last of them has run, together with what the others publish; or not at all if the action fails.
 *
 * @param channels with named messages: `static readonly named = true`.
 * @throws ServerError (`INVALID_CHANNEL`) for a channel that is not named, before anything is published; what
 *   `context.publish` throws.
 * @example
 * class CreateChatMessage extends Action {
 *   async action({ content }: { content: string }, context: Context) {
 *     return respond(context, { content, at: Date.now() }, [Public])
 *   }
 * }
 */
export async function respond<Payload extends PayloadOf<C>, C extends NamedChannelClass = NamedChannelClass>(
  context: Context,
  payload: Payload,
  channels: readonly C[],
  options: RespondOptions = {},
): Promise<Payload> {
  const { reply: isReply = false, ...publishOptions } = options
  for (const channel of channels) {
    if (isNamed(channel)) continue
    const message = `the messages of channel "${channelNameOf(channel)}" have no names; add \`static readonly named = true\` to its class, or publish the payload itself with context.publish`
    throw new ServerError(message, { code: 'INVALID_CHANNEL' })
  }
  const name = context.actionName
  const message = { [name]: payload }
  const client = answerableClientOf(context)
  // The call may have ended by the time it is published.
  const { publish: publishNow } = context
  for (const channel of channels) {
    const publish = (): Promise<void> => publishNow(channel, message, publishOptions)
    const isLater = client?.publishLater(context.callId, () => {
      const room = roomIdOf(channel, publishOptions.key)
      return { room, name, length: toJsonText(message, 'payload').length, publish }
    })
    if (isLater !== true) await publish()
  }
  return isReply ? reply(context, payload) : payload
}

/**
 * Answers only the calling lexicons client; returns the payload for the action to return.
 *
 * @example
 * class GetChatList extends Action {
 *   action(_data: object, context: Context) { return reply(context, messages) }
 * }
 */
export function reply<Payload>(context: Context, payload: Payload): Payload {
  answerableClientOf(context)?.markReply(context.callId)
  return payload
}
