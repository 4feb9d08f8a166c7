// The public list of isock/lexicons: clients that speak lexicons' JSON over a WebSocket run actions and read channels.

export type { LexiconsClient, MembershipOptions } from './lexicons-client.ts'
export { lexiconsClientOf } from './lexicons-client.ts'
export { lexicons } from './lexicons-gateway.ts'
export type { LexiconsLogLine, LexiconsOptions, LexiconsStatus } from './lexicons-options.ts'
export type { Named, NamedChannelClass, PayloadOf } from './named.ts'
export { type RespondOptions, reply, respond } from './respond.ts'
