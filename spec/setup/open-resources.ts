// What keeps this process alive, counted by kind, and what of it is new since a moment: the leak check's arithmetic.
import { type AsyncHook, createHook } from 'node:async_hooks'
import { Server, Socket } from 'node:net'

/** How many resources of each kind were open at one moment, and the handles themselves. */
export interface OpenResources {
  readonly counts: ReadonlyMap<string, number>
  readonly handles: ReadonlySet<unknown>
}

/** Requests under way, not things held open: Node lists some of them until the collector has run. */
const transient = /Req|^ConnectWrap$|^TCPConnectWrap$|^PipeConnectWrap$|^WriteWrap$|^ShutdownWrap$|^Immediate$/

/**
 * Ports of stores: a pool opens and closes its connections when it likes, also later than in the spec that needed one more. A pool that
 * nobody closes keeps the process alive after the specs, which is an error too. Global, as mocha loads the hooks apart from the specs.
 */
export const poolPorts: Set<number> = sharedPorts()

function sharedPorts(): Set<number> {
  const key = Symbol.for('isock.spec.poolPorts')
  const all = globalThis as { [key]?: Set<number> }
  all[key] ??= new Set()
  return all[key]
}

/** Everything open now that keeps the process alive. Unref'd timers and handles are not in it. */
export function openResources(): OpenResources {
  const counts = new Map<string, number>()
  for (const kind of process.getActiveResourcesInfo()) {
    if (!transient.test(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  const all = activeHandles()
  const handles = new Set(all.filter((handle) => !isPooled(handle)))
  const pooled = all.length - handles.size
  if (pooled > 0) counts.set(socketKind, Math.max(0, (counts.get(socketKind) ?? 0) - pooled))
  return { counts, handles }
}

const socketKind = 'TCPSocketWrap'

function isPooled(handle: unknown): boolean {
  return handle instanceof Socket && handle.remotePort !== undefined && poolPorts.has(handle.remotePort)
}

/** What is open now and was not `before`: one line for each kind, with addresses where they are known. Empty: no leak. */
export function leakedSince(before: OpenResources): string[] {
  const now = openResources()
  const more = [...now.counts].filter(([kind, count]) => count > (before.counts.get(kind) ?? 0))
  if (more.length === 0) return []
  const lines = more.map(([kind, count]) => `${count - (before.counts.get(kind) ?? 0)} x ${kind}`)
  const handles = [...now.handles].filter((handle) => !before.handles.has(handle)).map(describeHandle)
  return [...lines, ...handles]
}

/** Remembers where timers and handles are made, for the message of a leak. Slow: it is on only when asked for. */
export class CreationStacks {
  readonly #stacks = new Map<number, { kind: string; stack: string; resource: WeakRef<object> }>()
  readonly #hook: AsyncHook = createHook({
    init: (id, kind, _trigger, resource) => {
      if (!/^Timeout$|^(TCP|PIPE|TLS|PROCESS|UDP)/.test(kind)) return
      const stack = (new Error('made here').stack ?? '')
        .split('\n')
        .filter((line) => !line.includes('node:'))
        .slice(2)
      this.#stacks.set(id, { kind, stack: stack.join('\n'), resource: new WeakRef(resource) })
    },
    destroy: (id) => void this.#stacks.delete(id),
  }).enable()

  /** Forgets what was made so far: a new spec begins. */
  forget(): void {
    this.#stacks.clear()
  }

  /** The places where what is still open was made. */
  describe(): string[] {
    return [...this.#stacks.values()]
      .filter(({ stack }) => !stack.includes('spec/setup/hooks.ts')) // the leak check's own waiting
      .filter(({ resource }) => (resource.deref() as { hasRef?(): boolean } | undefined)?.hasRef?.() !== false)
      .map(({ kind, stack }) => `${kind} made\n${stack}`)
  }

  close(): void {
    this.#hook.disable()
  }
}

function activeHandles(): unknown[] {
  // Undocumented, and used for the message only: a Node without it still finds the leak.
  return (process as { _getActiveHandles?(): unknown[] })._getActiveHandles?.() ?? []
}

function describeHandle(handle: unknown): string {
  if (handle instanceof Server) return `a server listening on ${JSON.stringify(handle.address())}`
  if (handle instanceof Socket) {
    if (handle.remoteAddress === undefined) return `a ${handle.connecting ? 'connecting ' : ''}socket without a peer`
    return `a socket ${handle.localAddress}:${handle.localPort} to ${handle.remoteAddress}:${handle.remotePort}`
  }
  return `a ${(handle as object)?.constructor?.name ?? typeof handle}`
}
