// The public list of isock: what is for Node alone, and what is for browsers too.

export type { HeldName } from './accounting/held.ts'
export type { Usage } from './accounting/usage.ts'
export type { TokenSource } from './base/token.ts'
export type {
  ChannelHandle,
  EndSubscriptionsOptions,
  PublishedMessage,
  RoomOptions,
  WhoseOptions,
} from './channels/channel-handle.ts'
export type { ChannelOptions } from './channels/channel-options.ts'
export * from './everywhere.ts'
export { Client } from './facade/client.ts'
export { Server } from './facade/server.ts'
export type { ServerArguments, ServerOptions } from './facade/server-options.ts'
export { parseAddress } from './link/address.ts'
export type { DialTls } from './link/dial.ts'
export type { PeerCertificate } from './link/link.ts'
export type { ListenTls, TlsRenewal } from './link/listener.ts'
export { MemoryNetwork } from './link/memory-network.ts'
export type { PortTls, TlsPaths } from './link/port-tls.ts'
export type { ActionListing } from './server/action-listings.ts'
export { createToken } from './server/create-token.ts'
export type { DrainOptions } from './server/drain.ts'
export type { EndSessionsOptions } from './server/ending-sessions.ts'
export type { SessionChange } from './server/feature.ts'
export type { ServerEvents } from './server/server-events.ts'
export type { ErrorOrigin, ServerTls } from './server/server-options.ts'
export type { ServerSession } from './server/server-session.ts'
export { TokenGuard, type TokenGuardOptions } from './server/token-guard.ts'
export type { OwnCallOptions, ServiceHandle } from './services/service-handle.ts'
export type { ServiceOptions, ServicePhase } from './services/service-host.ts'
export { CronTask } from './tasks/cron-task.ts'
export { IntervalTask } from './tasks/interval-task.ts'
export { ShutdownTask } from './tasks/shutdown-task.ts'
export { StartupTask } from './tasks/startup-task.ts'
export { Task, type TaskContext, type TaskKind, type TaskState, type TaskView } from './tasks/task.ts'
export type { ThreadOptions } from './threads/threads.ts'
export type { AllowList } from './web/allow-list.ts'
export {
  type MountedGateway,
  type SocketRoute,
  type WebGateway,
  type WebHost,
  WebRefusal,
  type WebVisit,
} from './web/gateway.ts'
export type { WebOptions } from './web/web-options.ts'
export type { WebListener } from './web/web-server.ts'
