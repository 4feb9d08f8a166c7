// What strangers can do to the HTTP gateway: keys, bodies that do not come, streams that nobody reads.
import type { Attack, Front } from './attack.ts'
import type { RawLink } from './raw-link.ts'

function web(front: Front): Promise<RawLink> {
  return front.link(front.target.webPort)
}

function head(front: Front, start: string, ...headers: readonly string[]): string {
  return [start, `host: ${front.target.host}:${front.target.webPort}`, ...headers, '', ''].join('\r\n')
}

export const httpAttacks: readonly Attack[] = [
  {
    name: 'keys',
    title: 'idempotency keys, each used once',
    run: async (front) => {
      let number = 0
      await front.lanes(32, async () => {
        const link = await web(front)
        link.socket.resume()
        while (!link.isClosed && !front.isOver) {
          const requests = Array.from({ length: 10 }, () => {
            const key = `idempotency-key: "key-${number++}"`
            const credentials = `isock-credentials: {"Nobody":"${number % 5_000}"}`
            return `${head(front, 'POST /actions/Echo HTTP/1.1', key, credentials, 'content-type: application/json', 'content-length: 2')}42`
          })
          await link.push(Buffer.from(requests.join('')))
          front.count('keys', 10)
          await front.pause(10)
        }
      })
    },
  },
  {
    name: 'bodies',
    title: '1 100 requests whose bodies hardly come',
    run: (front) =>
      front.lanes(1_100, async () => {
        const link = await web(front)
        link.socket.resume()
        const start = 'POST /actions/Echo HTTP/1.1'
        link.write(Buffer.from(head(front, start, 'content-type: application/json', 'content-length: 1000000')))
        front.count('requests')
        while (!link.isClosed && !front.isOver) {
          link.write(Buffer.from('1'))
          await front.pause(1_000)
        }
      }),
  },
  {
    name: 'streams',
    title: '1 100 event streams that nobody reads',
    run: (front) =>
      front.lanes(1_100, async () => {
        const link = await web(front)
        link.socket.pause()
        link.write(Buffer.from(head(front, 'GET /channels/Board HTTP/1.1', 'accept: text/event-stream')))
        front.count('streams')
        while (!link.isClosed && !front.isOver) await front.pause(500)
      }),
  },
]
