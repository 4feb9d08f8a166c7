// The words of the daemon's protocol: every event type, and what the data of each holds. The spelling is the wire's.

/** The types of DaemonEvents, and by whom each is sent. */
export const daemonEventTypes = {
  /** Client to daemon: register. Answered by `accountInfo`. */
  clientAdd: 'daemon_client_add',
  /** Client to daemon: unregister. */
  clientDelete: 'daemon_client_delete',
  /** Client to daemon. Answered by `clients`. */
  getClients: 'daemon_get_clients',
  /** Client to daemon. Answered by `accountInfo`. */
  getAccountInfo: 'daemon_get_account_info',
  /** Client to daemon: pass a request on to Tracim. Answered by `requestResult`. */
  doRequest: 'daemon_do_request',
  /** Either way: an event was taken that has no answer of its own. */
  ack: 'daemon_ack',
  /** Either way: are you there? Answered by `pong`. */
  ping: 'daemon_ping',
  /** Either way. */
  pong: 'daemon_pong',
  /** Daemon to client. */
  requestResult: 'daemon_request_result',
  /** Daemon to client. */
  accountInfo: 'daemon_account_info',
  /** Daemon to client. */
  clients: 'daemon_clients',
  /** Daemon to all clients: what the source tells. */
  tracimEvent: 'daemon_tracim_event',
  /** Daemon to all clients. */
  clientAdded: 'daemon_client_added',
  /** Daemon to all clients. */
  clientDeleted: 'daemon_client_deleted',
} as const

/** The type of a DaemonEvent. */
export type DaemonEventType = (typeof daemonEventTypes)[keyof typeof daemonEventTypes]

/** Types that are made by the client for its own handlers, and never travel. */
export const localEventTypes = {
  /** Handlers of this type get every event. */
  generic: 'custom_message',
  /** Handlers of this type get what went wrong, a handler that threw included. */
  error: 'custom_error',
  /** This client has registered again by itself; what was told in between is lost. Data: {@link RegisteredAgainData}. */
  registeredAgain: 'custom_registered_again',
} as const

/** Data of `custom_registered_again`. */
export interface RegisteredAgainData {
  /** `restarted`: there is another daemon. `forgotten`: the daemon did not know this client any more. */
  readonly reason: 'restarted' | 'forgotten'
}

/** What the protocol's document calls two of the types. */
export const documentedNames: Readonly<Record<string, DaemonEventType>> = {
  client_add: daemonEventTypes.clientAdd,
  client_delete: daemonEventTypes.clientDelete,
}

/** Data of `daemon_client_add`, `_delete`, `_added` and `_deleted`; an array of them is that of `daemon_clients`. */
export interface ClientData {
  /** The client's socket. */
  readonly path: string
  /** The client's process, as text. */
  readonly pid: string
}

/** Data of `daemon_account_info`. */
export interface AccountInfoData {
  /** The user of Tracim that the daemon is logged in as. */
  readonly user_id: string
}

/** Data of `daemon_ack`. */
export interface AckData {
  /** The type of the event that was taken. */
  readonly type: string
}

/** Data of `daemon_do_request`. `body` is text, or a value that is sent as JSON. */
export interface DoRequestData {
  readonly method: string
  /** Begins with a slash; put behind the configured URL. */
  readonly endpoint: string
  readonly body?: unknown
}

/** Data of `daemon_request_result`. */
export interface RequestResultData {
  readonly request: DoRequestData
  readonly status_code: number
  /** Such as `200 OK`. */
  readonly status: string
  /** The body of the answer, base64. */
  readonly data: string
}

/** A live message of Tracim. `daemon_tracim_event` carries it as JSON text. */
export interface TracimEvent {
  readonly event_id: number
  /** Such as `content.created.comment`. */
  readonly event_type: string
  readonly read: unknown
  /** ISO 8601. */
  readonly created: string
  readonly fields: unknown
}
