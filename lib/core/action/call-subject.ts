// What a call is about, as interceptors see it: an action, or what a feature's built-in action stands for, such as a service.

/** A call, as an interceptor sees it. */
export interface CallSubject {
  /** `publish` and `subscribe` are of a channel. */
  readonly kind: 'action' | 'service' | 'publish' | 'subscribe'
  /** The wire name of the action; the name of the service or channel. */
  readonly name: string
  /** The data, the service's arguments, or the message; at a server it is untrusted. undefined for a threaded action at its server. */
  readonly data: unknown
}

/** A static method of a built-in action's class: what a request to it is about. Other built-in actions are not intercepted. */
export const callSubject = Symbol('isock.callSubject')

type Describes = { readonly [callSubject]?: (request: unknown) => CallSubject }

/** undefined: it concerns no interceptor. */
export function subjectOf(actionClass: unknown, name: string, data: unknown): CallSubject | undefined {
  const describe = (actionClass as Describes | undefined)?.[callSubject]
  if (describe !== undefined) return describe(data)
  return name.startsWith('isock.') ? undefined : { kind: 'action', name, data }
}

/** For requests that come from a peer: '' for what is no text. */
export function fieldOf(request: unknown, field: string): unknown {
  return typeof request === 'object' && request !== null ? (request as Record<string, unknown>)[field] : undefined
}
