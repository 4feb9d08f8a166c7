// What a server holds for its clients, by kind. A kind is a number, because the core counts with every large answer.

export const Held = {
  /** Answers that their callers have not confirmed. */
  Answers: 0,
  /** The data of calls that are not answered, and the entries of the table of calls. */
  Calls: 1,
  /** Input that no handler has read. */
  Input: 2,
  /** Items that no caller has confirmed. */
  Items: 3,
  /** Names of actions that a link has introduced. */
  Names: 4,
  /** Frames that have come in part. */
  Frames: 5,
  /** Bytes that a peer does not take. */
  Writes: 6,
  /** Messages that wait for slow readers. */
  Queues: 7,
  /** Messages that are kept for those who come back. */
  Histories: 8,
  /** Outcomes by idempotency key. */
  Keys: 9,
  /** Requests on their way in. */
  Bodies: 10,
  /** What sessions, links, rooms and streams cost by themselves. */
  Places: 11,
} as const

export type HeldKind = (typeof Held)[keyof typeof Held]

/** As `server.usage` and the metrics name them, by number. */
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

/** About what each of these costs in memory by itself, as measured on Node 20, rounded up. */
export const placeBytes = {
  session: 16 * 1024,
  link: 8 * 1024,
  connection: 4 * 1024,
  request: 4 * 1024,
  call: 512,
  name: 256,
  room: 4 * 1024,
  /** A message that is kept, beside its bytes. */
  message: 384,
  key: 1024,
  stream: 8 * 1024,
} as const
