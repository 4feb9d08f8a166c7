// Clients that come and leave: each says HELLO over a socket of its own, is let in, and breaks the link, so that its session stays at
// the server. Without the rest of a client, which would take a hundred times as long for 100 000 of them.
import { connect } from 'node:net'
import { Slabs } from '../../lib/core/wire/bytes/slabs.ts'
import { Kind, protocolVersion } from '../../lib/core/wire/frames/frame.ts'
import { writeFrame } from '../../lib/core/wire/frames/frame-writer.ts'
import { MsgpackWriter } from '../../lib/core/wire/frames/msgpack-writer.ts'
import { takeOrders } from '../child.ts'

export interface AwayOrder {
  readonly do: 'visit'
  readonly port: number
  readonly count: number
}

/** Below the server's bound on links that are not let in yet. */
const atOnce = 100
/** Where the kind is in a frame: behind its length and the head of an array. */
const kindAt = 5

const hello = helloBytes()

function helloBytes(): Buffer {
  const writer = new MsgpackWriter(new Slabs())
  writeFrame(writer, {
    kind: Kind.Hello,
    version: protocolVersion,
    features: 0,
    sessionId: undefined,
    resumeSecret: undefined,
    name: undefined,
    limits: {
      maxFrameBytes: 4 * 1024 * 1024,
      maxCallsInFlight: 1_024,
      streamWindowBytes: 256 * 1024,
      maxInFlightBytes: 64 * 1024 * 1024,
    },
    credentials: {},
  })
  return Buffer.concat(writer.take())
}

async function visitAll({ port, count }: AwayOrder): Promise<number> {
  let left = count
  const lane = async (): Promise<void> => {
    while (left-- > 0) await visit(port)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  return count
}

function visit(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true })
    socket.on('error', reject)
    socket.once('close', () => reject(new Error('the server closed the link')))
    socket.once('data', (chunk) => {
      // Broken rather than closed, so that no port waits for late packets.
      socket.resetAndDestroy()
      if (chunk[kindAt] === Kind.Welcome) resolve()
      else reject(new Error(`the server answered HELLO with a frame of kind ${chunk[kindAt]}`))
    })
    socket.write(hello)
  })
}

takeOrders(visitAll)
