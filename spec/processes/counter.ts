// A process that does nothing but count: who runs something says so here first and waits for the answer. What it
// has counted survives the death of all others.
import { createServer } from 'node:net'

const counts = new Map<string, number>()

const server = createServer((socket) => {
  let rest = ''
  socket.setNoDelay(true)
  socket.setEncoding('utf8')
  socket.on('error', () => undefined)
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line === 'report') socket.end(JSON.stringify([...counts]))
      else {
        counts.set(line, (counts.get(line) ?? 0) + 1)
        socket.write('counted\n')
      }
    }
  })
})

server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (typeof address === 'object' && address !== null) process.stdout.write(`${address.port}\n`)
})
