// A user's HTTP server that a web port has joined. Offers each request and upgrade to the port before the server's own listeners,
// regardless of when they were added. Several ports may join a server, the latest one first, and leave in any order.
import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'

/** Receives each request and upgrade. Returns true to take it, so that it is not offered to anything else. */
export interface Offers {
  onRequest(request: IncomingMessage, response: ServerResponse): boolean
  onUpgrade(request: IncomingMessage, stream: Duplex, head: Buffer): boolean
}

type Emit = (event: string | symbol, ...args: unknown[]) => boolean
/** `offers` is undefined once the port has left. `former` gets what this port does not take. */
type JoinedEmit = Emit & { offers?: Offers | undefined; former?: JoinedEmit | undefined }

const events = ['request', 'upgrade', 'checkContinue'] as const

export class JoinedServer {
  readonly #http: HttpServer
  readonly #own: JoinedEmit
  constructor(http: HttpServer, offers: Offers) {
    // Without an own property, the class's `emit` is used.
    const former = Object.hasOwn(http, 'emit') ? (http.emit as JoinedEmit) : undefined
    this.#http = http
    const own: JoinedEmit = (event, ...args) => {
      if (isOffer(event) && own.offers !== undefined && isTaken(own.offers, event, args)) return true
      // Looked up each time, because tracing tools replace it on the class.
      const emit = former ?? (Object.getPrototypeOf(http).emit as Emit)
      return emit.call(http, event, ...args)
    }
    own.offers = offers
    own.former = former
    this.#own = own
    http.emit = own as HttpServer['emit']
    // Node emits upgrades only if there is a listener.
    http.on('upgrade', onUpgrade)
  }

  /** Whether another listener may take what this port does not take. */
  hasOthers(event: 'request' | 'upgrade'): boolean {
    const hasListener = (this.#http.listeners(event) as unknown[]).some((listener) => listener !== onUpgrade)
    return hasListener || isOffered(this.#own.former)
  }

  /** Stops offering, and restores the server. */
  leave(): void {
    const http = this.#http
    this.#own.offers = undefined
    http.removeListener('upgrade', onUpgrade)
    // Another port has joined since. It calls this `emit`, which passes everything on.
    if (http.emit !== (this.#own as HttpServer['emit'])) return
    const former = withoutLeftPorts(this.#own.former)
    if (former !== undefined) http.emit = former as HttpServer['emit']
    else Reflect.deleteProperty(http, 'emit')
  }
}

function isOffer(event: string | symbol): event is (typeof events)[number] {
  return events.includes(event as (typeof events)[number])
}

function isTaken(offers: Offers, event: (typeof events)[number], args: unknown[]): boolean {
  if (event === 'upgrade') return offers.onUpgrade(...(args as Parameters<Offers['onUpgrade']>))
  const [request, response] = args as Parameters<Offers['onRequest']>
  const hasTaken = offers.onRequest(request, response)
  if (hasTaken && event === 'checkContinue' && !response.headersSent) response.writeContinue()
  return hasTaken
}

/** Whether an earlier port is still joined. The `emit` of a tool takes nothing itself. */
function isOffered(emit: JoinedEmit | undefined): boolean {
  return emit !== undefined && (emit.offers !== undefined || isOffered(emit.former))
}

/** Skips the `emit` of ports that have left. That of a tool stays. */
function withoutLeftPorts(emit: JoinedEmit | undefined): JoinedEmit | undefined {
  const hasLeft = emit !== undefined && 'offers' in emit && emit.offers === undefined
  return hasLeft ? withoutLeftPorts(emit.former) : emit
}

function onUpgrade(): void {
  // Makes Node emit upgrades.
}
