// The kit that a feature gets from its server, assembled from the server's parts.
import type { Accounting } from '../accounting/accounting.ts'
import type { ActionHost } from '../action/action-host.ts'
import type { ServerView } from '../action/context.ts'
import { guardNameOf } from '../action/guard.ts'
import type { ActionRegistry } from '../action/registry.ts'
import { invalidUsage } from '../base/errors.ts'
import type { ClassRegistry } from '../wire/rich/class-registry.ts'
import type { Admission } from './admission.ts'
import { cacheControlOf } from './cache-control.ts'
import type { ErrorHook } from './error-hook.ts'
import type { ServerKit } from './feature.ts'
import type { OpenPorts } from './open-ports.ts'
import type { ResolvedServerOptions } from './server-options.ts'
import type { SessionStore } from './session-store.ts'
import type { SharedStore } from './shared-store.ts'

export interface KitParts {
  readonly server: ActionHost
  readonly classes: ClassRegistry
  readonly registry: ActionRegistry
  readonly options: ResolvedServerOptions
  readonly accounting: Accounting
  readonly store: SessionStore
  readonly admission: Admission
  readonly errors: ErrorHook
  readonly openPorts: OpenPorts
  opening<T>(open: () => Promise<T>): Promise<T>
}

export function kitOf({
  server,
  classes,
  registry,
  options,
  accounting,
  store,
  admission,
  errors,
  openPorts,
  opening,
}: KitParts): ServerKit {
  const { clock, limits, log } = options
  let sharedStore: SharedStore | undefined
  return {
    server: server as unknown as ServerView,
    clock,
    log,
    limits,
    accounting,
    provide: (name, value) => void Object.defineProperty(server, name, { value, configurable: true }),
    opening,
    guardNames: new Set(options.guards.map((guard) => guardNameOf(guard.constructor))),
    exposeErrors: options.given.exposeErrors ?? false,
    classes,
    get sessions() {
      return store.all()
    },
    findSession: (id) => store.find(id),
    renewIdentity: (id, identity) => store.renewIdentity(id, identity),
    isStream: (name) => registry.find(name)?.isStream === true,
    takesKeys: (name) => registry.find(name)?.takesKeys === true,
    cacheControlOf: (name) => {
      const action = registry.find(name)
      return action === undefined ? undefined : cacheControlOf(action)
    },
    keepSessions: (keeper) => {
      if (store.keeper !== undefined) throw invalidUsage('another feature records the sessions of this server')
      store.keeper = keeper
    },
    shareStore: (shared) => {
      if (sharedStore !== undefined) throw invalidUsage('another feature offers this server a store')
      sharedStore = shared
    },
    get sharedStore() {
      return sharedStore
    },
    findAction: (name) => registry.find(name),
    dropSession: (session, reason) => void store.end(session, reason),
    addBuiltIn: (action) => registry.addBuiltIn(action),
    adaptActions: (adapt) => registry.adapt(adapt),
    takeLink: (link, known) => admission.onLink(link, known),
    report: (error, origin) => errors.report(error, origin),
    onPortOpened: (port) => openPorts.look(port),
  }
}
