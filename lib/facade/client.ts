// The Client for programs on Node.
import { brand } from '../core/base/brand.ts'
import type { ClientArguments, ClientOptions } from '../core/client/client-options.ts'
import type { PortSource } from '../core/link/port-dial.ts'
import { FeatureClient } from './feature-client.ts'
import { nodePlatform } from './node-platform.ts'
import { overPort } from './port-client.ts'

/**
 * Runs actions on a server, subscribes to its channels, uses its services. Connects with the first call, retries,
 * resumes; an idle client does not keep the process alive.
 *
 * @example
 * const client = new Client('localhost', 4440, { retry: 3 })
 * console.log(await client.runAction(Echo, 'hi'))
 */
export class Client extends FeatureClient {
  /**
   * `new Client(host, port, options?)`, `new Client(address, options?)` or `new Client([address, ...], options?)`,
   * where addresses are 'tcp://host:port', 'tls://host:port', 'unix:/path', 'ws://host:port', 'wss://host:port' (or with http, or as
   * a URL) or 'memory:name'. Or `new Client(port, options?)` over a MessagePort whose other end the server has accepted: when that is lost,
   * so are the calls. `new Client(() => port, options?)` reconnects: the function is asked for a new port at each attempt.
   *
   * @throws ClientError (`INVALID_OPTION`) that names the wrong option.
   */
  constructor(port: PortSource, options?: ClientOptions)
  constructor(host: string, port: number, options?: ClientOptions)
  constructor(address: string | URL | readonly (string | URL)[], options?: ClientOptions)
  constructor(...args: unknown[]) {
    super(...(overPort(nodePlatform, args) ?? [nodePlatform, args as unknown as ClientArguments]))
  }
}

brand('isock.Client', Client)
