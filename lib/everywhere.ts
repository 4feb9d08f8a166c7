/// <reference lib="esnext.disposable" preserve="true" />
// The part of the public list that is the same in Node and in browsers: what clients and shared action classes need.

export { Action, type ActionClass, type ActionFields, type ActionReturn, type AnyAction } from './core/action/action.ts'
export type { TreeOptions } from './core/action/action-host.ts'
export { Call, type InputAmount, type InputProgress, type Outcome } from './core/action/call.ts'
export type { ClientCall } from './core/action/call-starter.ts'
export type { CallSubject } from './core/action/call-subject.ts'
export type {
  Caller,
  CallOf,
  Context,
  ContextFields,
  Identity,
  PublishOptions,
  ServerFields,
  ServerView,
  SessionView,
  TopicClass,
} from './core/action/context.ts'
export type {
  DefinedAction,
  DefinedHandler,
  DefinedMethod,
  Definition,
} from './core/action/definition.ts'
export { type Credential, type Gate, Guard, type Verdict, type Visitor } from './core/action/guard.ts'
export type { Implementation } from './core/action/implementation.ts'
export type { ErrorOf, InputOf, ItemOf, NamedArguments, OutputOf, RunArguments } from './core/action/inference.ts'
export type { ServerCall } from './core/action/intercepted-run.ts'
export { type CallResult, type Interceptor, type Next, replaceResult } from './core/action/interceptors.ts'
export type { Mismatch } from './core/action/mismatch.ts'
export type { ActionFunction, ActionTree, RegisteredAction } from './core/action/registry.ts'
export type { Requires } from './core/action/requirement.ts'
export type { OnRetry, RunOptions, RunParent } from './core/action/run-options.ts'
export type { BackoffOptions } from './core/base/backoff.ts'
export type { Clock, Timer } from './core/base/clock.ts'
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
} from './core/base/errors.ts'
export type { Logger } from './core/base/log.ts'
export { defaultLimits, type LimitOptions, type Limits } from './core/base/options.ts'
export { type Remote, remoteOf } from './core/base/remote.ts'
export type { ClientEvents } from './core/client/client-events.ts'
export type { ClientArguments, ClientOptions } from './core/client/client-options.ts'
export type { Dial } from './core/client/client-platform.ts'
export type { CloseOptions } from './core/client/last-calls.ts'
export type { ResumeStorage } from './core/client/stored-sessions.ts'
export { type Address, formatAddress } from './core/link/address.ts'
export type { Link, LinkHandler, Peer } from './core/link/link.ts'
export type { PortSource } from './core/link/port-dial.ts'
export type { MessagePortLike } from './core/link/port-link.ts'
export type { Fault, Retry } from './core/session/fault.ts'
export type { Transferable } from './core/wire/bytes/binary-brand.ts'
export { transfer } from './core/wire/bytes/transfer.ts'
export type { Metadata } from './core/wire/frames/metadata.ts'
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
} from './features/channels/channel.ts'
export type { Since } from './features/channels/channel-actions.ts'
export type { ChannelCallOptions, Handler } from './features/channels/channel-client.ts'
export type { PresenceEvent, PresenceOptions, PresenceWatch } from './features/channels/presence-watch.ts'
export type { SubscribeOptions, Subscription } from './features/channels/subscription.ts'
export {
  type AnyService,
  Service,
  type ServiceClass,
  type ServiceContext,
  type ServiceSchemas,
} from './features/services/service.ts'
export type { ServiceCallOptions, ServiceClient, TerminateOptions } from './features/services/service-client.ts'
export type { Listening, ListenOptions } from './features/tasks/client/listening.ts'
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
} from './features/tasks/process.ts'
