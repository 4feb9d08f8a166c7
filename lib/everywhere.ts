// The part of the public list that is the same in Node and in browsers: what clients and shared action classes need.

export { Action, type ActionClass, type ActionReturn, type AnyAction } from './action/action.ts'
export type { TreeOptions } from './action/action-host.ts'
export { Call, type InputAmount, type InputProgress, type Outcome } from './action/call.ts'
export type {
  Caller,
  Context,
  Identity,
  PublishOptions,
  ServerView,
  SessionView,
  TopicClass,
} from './action/context.ts'
export { type Credential, type Gate, Guard, type Verdict, type Visitor } from './action/guard.ts'
export type { Implementation } from './action/implementation.ts'
export type { InputOf, ItemOf, OutputOf, RunArguments } from './action/inference.ts'
export type { ActionFunction, ActionTree, RegisteredAction } from './action/registry.ts'
export type { RunOptions, RunParent } from './action/run-options.ts'
export type { BackoffOptions } from './base/backoff.ts'
export type { Clock, Timer } from './base/clock.ts'
export {
  AmbiguousError,
  ConflictError,
  InvalidDataError,
  NotFoundError,
  StoreUnavailableError,
} from './base/data-errors.ts'
export {
  ActionError,
  AuthError,
  BusyError,
  CancelledError,
  ClientError,
  DeadlineError,
  type ErrorCode,
  IsockError,
  type IsockErrorOptions,
  LinkError,
  OutcomeUnknownError,
  ProtocolError,
  RemoteError,
  type RemoteErrorFields,
  ServerError,
  UnsendableError,
  ValidationError,
  type ValidationIssue,
} from './base/errors.ts'
export type { Logger } from './base/log.ts'
export { defaultLimits, type Limits } from './base/options.ts'
export { type Remote, remoteOf } from './base/remote.ts'
export {
  type AnyChannel,
  Channel,
  type ChannelClass,
  type ChannelOverflow,
  type ChannelSession,
  type HistoryOptions,
  type InfoOf,
  type Member,
  type MessageOf,
  type Position,
} from './channels/channel.ts'
export type { Since } from './channels/channel-actions.ts'
export type { ChannelCallOptions, Handler } from './channels/channel-client.ts'
export type { PresenceEvent, PresenceOptions, PresenceWatch } from './channels/presence-watch.ts'
export type { SubscribeOptions, Subscription } from './channels/subscription.ts'
export type { ClientEvents } from './client/client-events.ts'
export type { ClientArguments, ClientOptions } from './client/client-options.ts'
export type { Dial } from './client/client-platform.ts'
export type { CloseOptions } from './client/last-calls.ts'
export type {} from './data/context-db.ts' // what data add to the types of a context
export { type Address, formatAddress } from './link/address.ts'
export type { Link, LinkHandler, Peer } from './link/link.ts'
export {
  type AnyService,
  Service,
  type ServiceClass,
  type ServiceContext,
  type ServiceSchemas,
} from './services/service.ts'
export type { ServiceCallOptions, ServiceClient, TerminateOptions } from './services/service-client.ts'
export type { Listening, ListenOptions } from './tasks/client/listening.ts'
export {
  type AnyProcess,
  type EventsOf,
  Process,
  type ProcessClass,
  type ProcessContext,
  type ProcessEvent,
  type ProcessHandle,
  type ProcessOutput,
  type ProcessState,
  type SendOptions,
} from './tasks/process.ts'
export type { Transferable } from './wire/binary-brand.ts'
export { transfer } from './wire/transfer.ts'
