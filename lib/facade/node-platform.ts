// Node as the platform of a client: sockets of every kind, files for secrets, the environment.
import { checkOptions } from '../core/base/option-table.ts'
import { invalidOption } from '../core/base/options.ts'
import type { ClientPlatform, Dial, DialOptions } from '../core/client/client-platform.ts'
import { type Address, readAddress } from '../core/link/address.ts'
import { requireUseOfTls } from '../core/link/clear-text.ts'
import { dialSocket } from '../core/link/dial.ts'
import { readSecretFile } from '../core/link/secret-file.ts'
import { dialTlsOptions } from '../core/link/tls-options.ts'

/** Callbacks for the end of the process. One listener for all: Node warns of more than ten. */
const exitCallbacks = new Set<() => void>()

export const nodePlatform: ClientPlatform = {
  environment: process.env,
  readSecret: readSecretFile,
  credentialHint: 'pass token, tokenFile or credentials, or set ISOCK_TOKEN',
  readAddress,
  dialer,
  onExit,
}

function onExit(notify: () => void): () => void {
  if (exitCallbacks.size === 0) process.once('exit', notifyAll)
  exitCallbacks.add(notify)
  return () => {
    exitCallbacks.delete(notify)
    if (exitCallbacks.size === 0) process.removeListener('exit', notifyAll)
  }
}

function notifyAll(): void {
  for (const notify of exitCallbacks) notify()
}

function dialer({ network, tls }: DialOptions, addresses: readonly Address[]): Dial {
  if (tls !== undefined) {
    checkOptions('tls', tls, dialTlsOptions)
    requireUseOfTls(addresses)
  }
  return async (address, signal) => {
    switch (address.transport) {
      // Ports are dialed by port-client.ts.
      case 'port':
      case 'memory':
        if (network === undefined) throw invalidOption('network', `a MemoryNetwork for memory:${address.name}`, network)
        return network.dial(address.name)
      case 'ws':
      case 'wss':
        // Loaded only when used.
        return (await import('../core/link/web-socket-dial.ts')).dialWebSocket(address, signal, tls)
      default:
        return dialSocket(address, signal, tls)
    }
  }
}
