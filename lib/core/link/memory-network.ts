// The in-process network: servers listen under a name and clients find them there. Both must use the same object.
import { brand } from '../base/brand.ts'
import { LinkError, ServerError } from '../base/errors.ts'
import type { Link } from './link.ts'
import { createMemoryLinks } from './memory-link.ts'

/**
 * A network inside the process, for tests and for programs that are both client and server.
 *
 * @example
 * const network = new MemoryNetwork()
 * const server = new Server('memory:orders', { network })
 * const client = new Client('memory:orders', { network })
 */
export class MemoryNetwork {
  readonly #listeners = new Map<string, (link: Link) => void>()

  /** Accepts links at a name until the returned function is called. */
  listen(name: string, onLink: (link: Link) => void): () => void {
    if (this.#listeners.has(name)) {
      throw new ServerError(`memory:${name} is in use by another server`, { code: 'ADDRESS_IN_USE' })
    }
    this.#listeners.set(name, onLink)
    return () => {
      if (this.#listeners.get(name) === onLink) this.#listeners.delete(name)
    }
  }

  /** The acceptor of links at a name; for networks that put something in between. */
  protected acceptorOf(name: string): ((link: Link) => void) | undefined {
    return this.#listeners.get(name)
  }

  dial(name: string): Link {
    const onLink = this.acceptorOf(name)
    if (onLink === undefined) throw new LinkError(`cannot connect to memory:${name}: no server listens there`)
    const [near, far] = createMemoryLinks(`memory:${name}`)
    onLink(far)
    return near
  }
}

brand('isock.MemoryNetwork', MemoryNetwork)
