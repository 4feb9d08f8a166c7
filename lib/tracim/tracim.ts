// The public list of `isock/tracim`.
export type { TracimDaemonClientOptions } from './client-options.ts'
export { readConfiguration, type TracimConfiguration } from './configuration.ts'
export type { DaemonEvent } from './daemon-event.ts'
export { type ErrorData, type EventHandler, tracimEventOf } from './event-handlers.ts'
export type { EventSource, PassedAnswer, PassedRequest } from './event-source.ts'
export {
  type AccountInfoData,
  type AckData,
  type ClientData,
  type DaemonEventType,
  type DoRequestData,
  daemonEventTypes,
  localEventTypes,
  type RegisteredAgainData,
  type RequestResultData,
  type TracimEvent,
} from './event-types.ts'
export { TracimDaemon } from './tracim-daemon.ts'
export { type DaemonRequestAnswer, TracimDaemonClient } from './tracim-daemon-client.ts'
export type { TracimDaemonLimits, TracimDaemonOptions } from './tracim-daemon-options.ts'
export type { TracimAccount, TracimSessionOptions } from './tracim-session.ts'
export { TracimSource, type TracimSourceOptions } from './tracim-source.ts'
