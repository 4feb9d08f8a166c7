// The public list of isock/web.
export type { AllowList } from './features/web/allow-list.ts'
export {
  type MountedGateway,
  type SocketRoute,
  type WebGateway,
  type WebHost,
  WebRefusal,
  type WebVisit,
} from './features/web/gateway.ts'
export { listenWeb, type ServerWithProcesses } from './features/web/web.ts'
export type { WebOptions } from './features/web/web-options.ts'
export type { WebListener } from './features/web/web-server.ts'
