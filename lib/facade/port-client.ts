// The client over a message port: its platform, whose only address is that port.
import type { ClientArguments, ClientOptions } from '../core/client/client-options.ts'
import type { ClientPlatform } from '../core/client/client-platform.ts'
import type { PortSource } from '../core/link/port-dial.ts'
import { loadPortDial } from '../core/link/port-dial-loader.ts'

/** What the constructor of a client was given: `platform` is replaced if it is a port, or a function that returns ports. */
export function overPort(
  platform: ClientPlatform,
  args: readonly unknown[],
): [platform: ClientPlatform, args: ClientArguments] | undefined {
  const [source, options = {}] = args as [source: PortSource | undefined, options?: ClientOptions]
  if (typeof source !== 'function' && typeof source?.postMessage !== 'function') return undefined
  const used = new WeakSet()
  const ported: ClientPlatform = {
    ...platform,
    readAddress: () => ({ transport: 'port', name: 'message' }),
    dialer: (dialOptions, addresses) => {
      // It refuses options that have no effect here.
      platform.dialer(dialOptions, addresses)
      return async () => (await loadPortDial()).dialPort(source, used)
    },
  }
  return [ported, ['port:message', options]]
}
