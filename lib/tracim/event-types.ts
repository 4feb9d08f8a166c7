// The daemon's protocol: all event types and their data. The spelling is the protocol's.

/** The types of DaemonEvents, and their senders. */
export const daemonEventTypes = {
  /** Client to daemon: register. Answered by `accountInfo`. */
  clientAdd: 'daemon_client_add',
  /** Client to daemon: unregister. */
  clientDelete: 'daemon_client_delete',
  /** Client to daemon. Answered by `clients`. */
  getClients: 'daemon_get_clients',
  /** Client to daemon. Answered by `accountInfo`. */
  getAccountInfo: 'daemon_get_account_info',
  /** Client to daemon: forward a request to Tracim. Answered by `requestResult`. */
  doRequest: 'daemon_do_request',
  /** Either way: acknowledges an event that has no other answer. */
  ack: 'daemon_ack',
  /** Either way: checks that the peer is alive. Answered by `pong`. */
  ping: 'daemon_ping',
  /** Either way. */
  pong: 'daemon_pong',
  /** Daemon to client. */
  requestResult: 'daemon_request_result',
  /** Daemon to client. */
  accountInfo: 'daemon_account_info',
  /** Daemon to client. */
  clients: 'daemon_clients',
  /** Daemon to all clients: an event of the source. */
  tracimEvent: 'daemon_tracim_event',
  /** Daemon to all clients. */
  clientAdded: 'daemon_client_added',
  /** Daemon to all clients. */
  clientDeleted: 'daemon_client_deleted',
} as const

/** The type of a DaemonEvent. */
export type DaemonEventType = (typeof daemonEventTypes)[keyof typeof daemonEventTypes]

/** Types that the client emits to its own handlers, and never sends. */
export const localEventTypes = {
  /** Handlers of this type get every event. */
  generic: 'custom_message',
  /** Handlers of this type get errors, including those of other handlers. */
  error: 'custom_error',
  /** This client has registered again automatically; it missed the events in between. Data: {@link RegisteredAgainData}. */
  registeredAgain: 'custom_registered_again',
} as const

/** Data of `custom_registered_again`. */
export interface RegisteredAgainData {
  /** `restarted`: the daemon has restarted. `forgotten`: the daemon no longer knew this client. */
  readonly reason: 'restarted' | 'forgotten'
}

/** Two types have other names in the protocol's documentation. */
export const documentedNames: Readonly<Record<string, DaemonEventType>> = {
  client_add: daemonEventTypes.clientAdd,
  client_delete: daemonEventTypes.clientDelete,
}

/** Data of `daemon_client_add`, `_delete`, `_added` and `_deleted`; `daemon_clients` has a list of them. */
export interface ClientData {
  /** The client's socket. */
  readonly path: string
  /** The client's process, as text. */
  readonly pid: string
}

/** Data of `daemon_account_info`. */
export interface AccountInfoData {
  /** The Tracim user that the daemon is logged in as. */
  readonly user_id: string
}

/** Data of `daemon_ack`. */
export interface AckData {
  /** The type of the acknowledged event. */
  readonly type: string
}

/** Data of `daemon_do_request`. `body` is text, or a value that is sent as JSON. */
export interface DoRequestData {
  readonly method: string
  /** Begins with a slash; appended to the configured URL. */
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
