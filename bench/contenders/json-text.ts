// The bare minimum of an RPC: the same frames as the raw socket's, with JSON text that both sides read and write.
import type { Contender } from '../contender.ts'
import { type Bodies, connectEcho, serveEcho } from './framed-echo.ts'

const bodies: Bodies<unknown> = {
  read: (bytes, start, end) => JSON.parse(bytes.toString('utf8', start, end)),
  write: (writer, seq, value) => writer.sendText(seq, JSON.stringify(value)),
}

export const contender: Contender = {
  serve: () => serveEcho(bodies),
  connect: (port) => connectEcho(port, bodies),
}
