// Every kind of Link as a connected pair, for suites that run over all of them.
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Address, parseAddress } from '../../lib/link/address.ts'
import { type DialTls, dialSocket } from '../../lib/link/dial.ts'
import type { Link } from '../../lib/link/link.ts'
import { type Listener, type ListenTls, listen } from '../../lib/link/listener.ts'
import { createMemoryLinks } from '../../lib/link/memory-link.ts'
import { makeCertificates } from '../setup/certificates.ts'

/** Two ends that talk to each other, and what releases everything behind them. */
export interface LinkPair {
  readonly near: Link
  readonly far: Link
  release(): Promise<void>
}

export interface LinkKind {
  readonly name: string
  /** Why it cannot be tried here, if so. */
  readonly missing?: string
  connect(): Promise<LinkPair>
}

const certificates = makeCertificates()

export const linkKinds: readonly LinkKind[] = [
  {
    name: 'memory',
    connect: async () => {
      const [near, far] = createMemoryLinks()
      return { near, far, release: async () => undefined }
    },
  },
  { name: 'tcp', connect: () => connectSockets(parseAddress('tcp://127.0.0.1:0')) },
  {
    name: 'tls',
    ...(certificates === undefined ? { missing: 'there is no openssl command; install the package openssl' } : {}),
    connect: () =>
      connectSockets(parseAddress('tls://127.0.0.1:0'), certificates?.server, {
        ca: certificates?.ca,
        servername: 'localhost',
      }),
  },
  {
    name: 'unix',
    connect: async () => {
      const directory = mkdtempSync(join(tmpdir(), 'isock-link-'))
      chmodSync(directory, 0o700)
      const pair = await connectSockets(parseAddress(`unix:${join(directory, 'link.sock')}`))
      const release = async (): Promise<void> => {
        await pair.release()
        rmSync(directory, { recursive: true })
      }
      return { ...pair, release }
    },
  },
]

async function connectSockets(address: Address, tls?: ListenTls, dialTls?: DialTls): Promise<LinkPair> {
  let accept: (link: Link) => void = () => undefined
  const accepted = new Promise<Link>((resolve) => {
    accept = resolve
  })
  const listener: Listener = await listen(address, {
    tls,
    handshakeTimeoutMs: 5_000,
    maxHandshakes: 10,
    onLink: accept,
  })
  const bound = listener.address as Exclude<Address, { transport: 'memory' }>
  const near = await dialSocket(bound, new AbortController().signal, dialTls)
  return { near, far: await accepted, release: () => listener.close() }
}
