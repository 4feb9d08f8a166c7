// The kinds of memory that a server holds for its clients. Numbers, because the core counts every large answer by kind.

export const Held = {
  /** Answers that their callers have not confirmed. */
  Answers: 0,
  /** The data of unanswered calls, and the entries of the call table. */
  Calls: 1,
  /** Input that no handler has read. */
  Input: 2,
  /** Items that no caller has confirmed. */
  Items: 3,
  /** Names of actions that a link has introduced. */
  Names: 4,
  /** Partly received frames. */
  Frames: 5,
  /** Bytes that a peer has not read. */
  Writes: 6,
  /** Messages queued for slow readers. */
  Queues: 7,
  /** Messages kept for clients that reconnect. */
  Histories: 8,
  /** Outcomes by idempotency key. */
  Keys: 9,
  /** Incoming requests. */
  Bodies: 10,
  /** The fixed cost of sessions, links, rooms and streams. */
  Places: 11,
} as const

export type HeldKind = (typeof Held)[keyof typeof Held]

/** The names in `server.usage` and the metrics, by number. */
export const heldNames = [
  'answers',
  'calls',
  'input',
  'items',
  'names',
  'frames',
  'writes',
  'queues',
  'histories',
  'keys',
  'bodies',
  'places',
] as const

export type HeldName = (typeof heldNames)[number]

/** The approximate fixed memory cost of each, as measured on Node 20, rounded up. */
export const placeBytes = {
  session: 16 * 1024,
  link: 8 * 1024,
  connection: 4 * 1024,
  request: 4 * 1024,
  call: 512,
  name: 256,
  room: 4 * 1024,
  /** A kept message, in addition to its bytes. */
  message: 384,
  key: 1024,
  stream: 8 * 1024,
} as const
