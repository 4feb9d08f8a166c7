// The public list of isock/daemon.
export type { BackgroundOptions, LogLevel } from './daemon/background-options.ts'
export type { DaemonReport } from './daemon/control-actions.ts'
export { Daemon, type DaemonStatus, type StopOptions } from './daemon/daemon.ts'
export type { LogOptions } from './daemon/log-reader.ts'
export { findDaemon, listDaemons, runInBackground } from './daemon/run-in-background.ts'
export { Shutdown, type ShutdownRequest } from './daemon/shutdown-action.ts'
export type { RestartOptions } from './daemon/start-again.ts'
