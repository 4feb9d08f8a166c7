// Rooms of one channel of isock, each with one subscription of the same client; messages go to all rooms in turn.
import { Channel, Client, Server } from '../../lib/index.ts'
import type { FanoutContender } from '../fanout/contender.ts'

class News extends Channel<object> {}

const mostRooms = 10_000
/** A subscription is a call; the client is to have so many, and room for others. */
const limits = { maxCallsInFlight: mostRooms + 1_000 }

/** Subscriptions that are under way at a time. */
const atOnce = 100

const keys: string[] = []

function keyOf(nth: number): string {
  keys[nth] ??= `room ${nth}`
  return keys[nth]
}

export const contender: FanoutContender = {
  serve: async () => {
    const server = new Server('127.0.0.1', 0, { limits })
    server.addChannel(new News(), { maxRooms: mostRooms, maxPerSession: mostRooms })
    await server.listen()
    const news = server.channel(News)
    let nth = 0
    return {
      port: Number(new URL(server.addresses[0] as string).port),
      publish: (message) => news.publish(message, { key: keyOf(nth++ % news.roomCount) }),
      close: () => server.shutdown({ graceMs: 0 }),
    }
  },
  connect: async (port, rooms, onMessages) => {
    const client = new Client('127.0.0.1', port, { limits })
    const onMessage = (): void => onMessages(1)
    for (let first = 0; first < rooms; first += atOnce) {
      const few = Array.from({ length: Math.min(atOnce, rooms - first) }, (_, i) => keyOf(first + i))
      await Promise.all(few.map((key) => client.subscribe(News, onMessage, { key }).ready))
    }
  },
  deliveriesTo: () => 1,
}
