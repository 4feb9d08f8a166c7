// One connection attempt over TCP, TLS or a Unix socket: an address becomes a connected Link. Leaves retries to the client.
import { connect as connectTcp, type Socket } from 'node:net'
import { type ConnectionOptions, connect as connectTls } from 'node:tls'
import { LinkError } from '../base/errors.ts'
import { followSignal } from '../base/followed-signals.ts'
import { formatAddress, isLoopback, type SocketAddress } from './address.ts'
import { hintOfTls, reasonOf } from './dial-errors.ts'
import type { DialTls } from './dial-tls.ts'
import type { Link, Peer } from './link.ts'
import { SharedReads } from './shared-reads.ts'
import { SocketLink } from './socket-link.ts'

/** Rejects with LinkError, or with the signal's reason, after releasing the socket of the failed attempt. */
export function dialSocket(address: SocketAddress, signal: AbortSignal, tls?: DialTls): Promise<Link> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) {
      reject(signal.reason)
      return
    }
    const reads = address.transport === 'tls' ? undefined : new SharedReads()
    const socket = connect(address, tls, reads)
    const settle = (): void => {
      unfollow()
      socket.removeListener('error', onError)
      socket.removeListener('close', onClose)
    }
    const fail = (reason: unknown): void => {
      settle()
      socket.on('error', () => undefined)
      socket.destroy()
      reject(reason)
    }
    const onAbort = (): void => fail(signal.reason)
    const onError = (cause: Error): void => {
      fail(
        new LinkError(
          `cannot connect to ${formatAddress(address)}: ${reasonOf(cause)}${hintOfTls(address.transport === 'tls', cause)}`,
          {
            cause,
          },
        ),
      )
    }
    const onClose = (): void =>
      fail(new LinkError(`cannot connect to ${formatAddress(address)}: closed while connecting`))
    const unfollow = followSignal(signal, onAbort)
    socket.once('error', onError)
    socket.once('close', onClose)
    socket.once(address.transport === 'tls' ? 'secureConnect' : 'connect', () => {
      settle()
      resolve(new SocketLink(socket, reads, peerAt(address, socket)))
    })
  })
}

function connect(address: SocketAddress, tls: DialTls | undefined, reads: SharedReads | undefined): Socket {
  const onread = reads && { onread: reads.onread }
  if (address.transport === 'unix') return connectTcp({ path: address.path, ...onread })
  const { host, port } = address
  if (address.transport === 'tcp') return connectTcp({ host, port, ...onread })
  // The server's name is checked against its certificate; an IP address must not be sent as SNI.
  const servername = tls?.servername ?? (/^[\d.]+$|:/.test(host) ? undefined : host)
  // Node takes bytes of any kind where its types say Buffer.
  return connectTls({
    ...(tls as ConnectionOptions | undefined),
    host,
    port,
    ...(servername === undefined ? {} : { servername }),
  })
}

/** A client describes its peer by the address it dialed. */
function peerAt(address: SocketAddress, socket: Socket): Peer {
  const description = formatAddress(address)
  if (address.transport === 'unix') return { transport: 'unix', description, isPrivate: true }
  const ip = socket.remoteAddress ?? address.host
  return {
    transport: address.transport,
    description,
    address: ip,
    isPrivate: address.transport === 'tls' || isLoopback(ip),
  }
}
