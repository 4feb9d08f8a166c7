// A news channel with a reader that is cut off, so long that the server forgets it, and then gets what it missed.
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { Client, Server } from 'isock'
import { printable } from '../printable.ts'
import { News } from './channel.ts'

// A server that forgets a client 200 ms after its connection is lost. The default is 15 minutes.
await using server = new Server('127.0.0.1', 0, { limits: { sessionLeaseMs: 200 } })
server.addChannel(new News())
await server.listen()
const news = server.channel(News)
const port = Number(new URL(server.addresses[0] as string).port)

// The way to the server, which we can cut.
const way = await openWay(port)
await using near = new Client(server.addresses[0] as string, { name: 'near' })
await using far = new Client('127.0.0.1', way.port, { name: 'far', backoff: { maxMs: 100 } })

near.subscribe(News, ({ title }) => console.log(`    near reads: ${printable(title)}`))
const reading = far.subscribe(News, {
  onReconnect: (recovered) => console.log(`  far is back; nothing was missed: ${recovered}`),
})
await reading.ready
const done = (async () => {
  for await (const { title } of reading) {
    console.log(`    far reads:  ${printable(title)}`)
    if (title === 'the end') break
  }
})()
console.log(`two readers: ${(await near.presence(News)).map(({ info }) => JSON.stringify(info)).join(' ')}`)

await publish('the sun rises')
await until(() => reading.position?.offset === 1)

console.log('  far is cut off')
way.cut()
await publish('a storm comes up')
await publish('the bridge is closed')
await until(() => server.sessions.length === 1)
console.log('  the server has forgotten its session')

console.log('  the way is open again')
way.open()
await until(() => reading.position?.offset === 3)

await publish('the end')
await done
console.log(`far read all stories: ${reading.recovered}; the server keeps ${news.history().length}`)
way.close()

async function publish(title: string): Promise<void> {
  console.log(`server publishes: ${title}`)
  await news.publish({ title })
  await sleep(20)
}

async function until(isSo: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 10_000; !isSo(); await sleep(10)) {
    if (Date.now() > deadline) throw new Error('that took too long')
  }
}

/** Passes bytes on to the port, while it is open. */
async function openWay(to: number) {
  const sockets = new Set<Socket>()
  let isOpen = true
  const listener = createServer((near) => {
    const far = connect(to, '127.0.0.1')
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => sockets.delete(socket))
    }
    if (!isOpen) return cut()
    near.pipe(far).pipe(near)
  })
  const cut = (): void => {
    isOpen = false
    for (const socket of sockets) socket.destroy()
  }
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  return {
    port: (listener.address() as { port: number }).port,
    cut,
    open: () => {
      isOpen = true
    },
    close: () => {
      cut()
      listener.close()
    },
  }
}
