// What the compiler knows of a channel: the type of its messages everywhere, and of what it tells of those present.
import { expectTypeOf } from 'expect-type'
import {
  Channel,
  type ChannelSession,
  type Client,
  type Context,
  type Server,
  type Subscription,
} from '../../lib/index.ts'

interface Story {
  readonly title: string
  readonly pages: number
}

class News extends Channel<Story> {
  override presenceOf({ name }: ChannelSession): { who: string } {
    return { who: name ?? 'nobody' }
  }
}

describe('The types of channels', () => {
  it('follow from the class', () => {
    // Never run: the compiler reads it.
    const check = async (server: Server, client: Client, context: Context): Promise<void> => {
      expectTypeOf(client.subscribe(News)).toEqualTypeOf<Subscription<Story>>()
      client.subscribe(News, (story) => expectTypeOf(story).toEqualTypeOf<Story>(), { key: 'x' })
      for await (const story of client.subscribe(News)) expectTypeOf(story).toEqualTypeOf<Story>()
      expectTypeOf(server.channel(News).publish).parameter(0).toEqualTypeOf<Story>()
      expectTypeOf(server.channel(News).presence()[0]?.info).toEqualTypeOf<{ who: string } | undefined>()
      expectTypeOf((await client.presence(News))[0]?.info).toEqualTypeOf<{ who: string } | undefined>()
      client.watchPresence(News, ({ member }) => expectTypeOf(member.info).toEqualTypeOf<{ who: string }>())
      await context.publish(News, { title: 'a', pages: 1 })
      // @ts-expect-error a field has another type
      await context.publish(News, { title: 7, pages: 1 })
      // @ts-expect-error a field is missing
      await context.publish(News, { title: 'a' })
      // @ts-expect-error a field is missing
      await server.publish(News, { title: 'a' })
      // @ts-expect-error a field is missing
      await client.publish(News, { title: 'a' })
      // @ts-expect-error it is no class of channels
      client.subscribe(Map)
    }
    expectTypeOf(check).returns.toEqualTypeOf<Promise<void>>()
  })
})
