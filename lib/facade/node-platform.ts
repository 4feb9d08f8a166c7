// Node as the place of a client: sockets of every kind, files for secrets, the environment.
import { checkOptions } from '../core/base/option-table.ts'
import { invalidOption } from '../core/base/options.ts'
import type { ClientPlatform, Dial, DialOptions } from '../core/client/client-platform.ts'
import { type Address, readAddress } from '../core/link/address.ts'
import { requireUseOfTls } from '../core/link/clear-text.ts'
import { dialSocket } from '../core/link/dial.ts'
import { readSecretFile } from '../core/link/secret-file.ts'
import { dialTlsOptions } from '../core/link/tls-options.ts'

/** Those to tell when the process ends. One listener for all: Node warns of more than ten. */
const leaving = new Set<() => void>()

export const nodePlatform: ClientPlatform = {
  environment: process.env,
  readSecret: readSecretFile,
  readAddress,
  dialer,
  onExit,
}

function onExit(tell: () => void): () => void {
  if (leaving.size === 0) process.once('exit', tellAll)
  leaving.add(tell)
  return () => {
    leaving.delete(tell)
    if (leaving.size === 0) process.removeListener('exit', tellAll)
  }
}

function tellAll(): void {
  for (const tell of leaving) tell()
}

function dialer({ network, tls }: DialOptions, addresses: readonly Address[]): Dial {
  if (tls !== undefined) {
    checkOptions('tls', tls, dialTlsOptions)
    requireUseOfTls(addresses)
  }
  return async (address, signal) => {
    switch (address.transport) {
      case 'memory':
        if (network === undefined) throw invalidOption('network', `a MemoryNetwork for memory:${address.name}`, network)
        return network.dial(address.name)
      case 'ws':
      case 'wss':
        // Loaded by those alone who use it.
        return (await import('../core/link/web-socket-dial.ts')).dialWebSocket(address, signal, tls)
      default:
        return dialSocket(address, signal, tls)
    }
  }
}
