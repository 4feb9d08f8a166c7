// The public list of isock: what is for Node alone, and what is for browsers too.

export type { HeldName } from './core/accounting/held.ts'
export type { Usage } from './core/accounting/usage.ts'
export type { TokenSource } from './core/base/token.ts'
export { parseAddress } from './core/link/address.ts'
export type { DialTls } from './core/link/dial-tls.ts'
export type { PeerCertificate } from './core/link/link.ts'
export type { ListenTls, TlsRenewal } from './core/link/listener.ts'
export { MemoryNetwork } from './core/link/memory-network.ts'
export type { PortTls, TlsPaths } from './core/link/port-tls.ts'
export type { ActionListing } from './core/server/action-listings.ts'
export { createToken } from './core/server/create-token.ts'
export type { DrainOptions } from './core/server/drain.ts'
export type { EndSessionsOptions } from './core/server/ending-sessions.ts'
export type { Feature, Listed, ServerFeature, ServerKit, SessionChange } from './core/server/feature.ts'
export type { ServerEvents } from './core/server/server-events.ts'
export type { ErrorOrigin, ServerArguments, ServerOptions, ServerTls } from './core/server/server-options.ts'
export type { ServerSession } from './core/server/server-session.ts'
export type { SessionClaim, SessionKeeper } from './core/server/session-keeper.ts'
export { TokenGuard, type TokenGuardOptions } from './core/server/token-guard.ts'
export type { AdoptedCalls, CallRecords, RecordedAnswer } from './core/session/call-records.ts'
export * from './everywhere.ts'
export type { AcceptOptions } from './facade/accepted-links.ts'
export { Client } from './facade/client.ts'
export { Server } from './facade/server.ts'
export type {
  ChannelHandle,
  EndSubscriptionsOptions,
  PublishedMessage,
  RoomOptions,
  WhoseOptions,
} from './features/channels/channel-handle.ts'
export type { ChannelOptions } from './features/channels/channel-options.ts'
export { type InspectionOptions, inspection } from './features/inspection/inspection.ts'
export type {
  AnswerPage,
  ListedAnswer,
  ListedSession,
  SessionPage,
} from './features/inspection/inspection-actions.ts'
export type { ServiceInstanceOptions } from './features/services/key.ts'
export type { ServicePhase } from './features/services/phases.ts'
export type { OwnCallOptions, ServiceHandle } from './features/services/service-handle.ts'
export type { ServiceOptions } from './features/services/service-host.ts'
export { CronTask } from './features/tasks/cron-task.ts'
export { IntervalTask } from './features/tasks/interval-task.ts'
export { ShutdownTask } from './features/tasks/shutdown-task.ts'
export { StartupTask } from './features/tasks/startup-task.ts'
export { Task, type TaskContext, type TaskKind, type TaskState, type TaskView } from './features/tasks/task.ts'
