// A channel of isock: a client of its own for each subscriber.
import { Channel, Client, Server } from '../../lib/index.ts'
import type { FanoutContender } from './contender.ts'

class News extends Channel<object> {}

export const contender: FanoutContender = {
  serve: async () => {
    const server = new Server('127.0.0.1', 0)
    server.addChannel(new News())
    await server.listen()
    const news = server.channel(News)
    return {
      port: Number(new URL(server.addresses[0] as string).port),
      publish: (message) => news.publish(message),
      close: () => server.shutdown({ graceMs: 0 }),
    }
  },
  connect: async (port, subscribers, onMessages) => {
    const onMessage = (): void => onMessages(1)
    for (let i = 0; i < subscribers; i++) await new Client('127.0.0.1', port).subscribe(News, onMessage).ready
  },
}
