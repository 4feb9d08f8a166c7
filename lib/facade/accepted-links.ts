// Links that a server's program passes to it: message ports, and transports of its own. Admission treats them as those of a listener.
import { type Identity, isIdentity, noIdentity } from '../core/action/session-view.ts'
import { checkOptions, type OptionTable } from '../core/base/option-table.ts'
import { invalidOption } from '../core/base/options.ts'
import type { Link } from '../core/link/link.ts'
import { isPort, linkOver } from '../core/link/port-dial.ts'
import type { MessagePortLike } from '../core/link/port-link.ts'
import type { ServerKit } from '../core/server/feature.ts'

export interface AcceptOptions {
  /** What is at the other end, for people and logs: `context.session.peer.description`. Only for a port. Default 'a message port'. */
  readonly description?: string
  /** Who is at the other end, if the program knows it: then no guard is asked, nor the token. Default: the guards are asked. */
  readonly identity?: Identity
}

const acceptOptions: OptionTable<AcceptOptions> = { description: 'any', identity: 'protects' }

export class AcceptedLinks {
  readonly #kit: ServerKit

  constructor(kit: ServerKit) {
    this.#kit = kit
  }

  /** Starts the features, if no port was opened before. A link that is not taken is closed. */
  async accept(source: MessagePortLike | Link, options: AcceptOptions = {}): Promise<void> {
    checkOptions('accept', options, acceptOptions)
    const { description = 'a message port', identity } = options
    if (typeof description !== 'string') throw invalidOption('description', 'a text', description)
    if (identity !== undefined && !isIdentity(identity)) throw noIdentity('identity', identity)
    const link = isPort(source) ? linkOver(source, description) : requireLink(source)
    try {
      await this.#kit.opening(async () => this.#kit.takeLink(link, identity === undefined ? undefined : { identity }))
    } catch (error) {
      await link.close('abort')
      throw error
    }
  }
}

const methods = ['open', 'write', 'close', 'keepProcessAlive'] as const

function requireLink(value: unknown): Link {
  const link = (value ?? {}) as Partial<Link>
  if (methods.every((name) => typeof link[name] === 'function') && typeof link.peer?.description === 'string')
    return value as Link
  const expected = 'a MessagePort; or a Link: an object with peer, open, write, close and keepProcessAlive'
  throw invalidOption('port', expected, value)
}
