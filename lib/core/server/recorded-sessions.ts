// What a store has recorded of sessions and of the answers that it keeps for them, for the operators of a server. Types only. Leaves out
// secrets and values.

/** A session in the store. */
export interface RecordedSession {
  readonly id: string
  /** The id of its identity. */
  readonly identity: string | undefined
  /** The server process that has it; undefined: none, since that one has ended. */
  readonly node: string | undefined
  /** That process was seen within the last minutes. */
  readonly isNodeAlive: boolean
  /** When it was recorded, in milliseconds since 1970, and one more for each server that has adopted it since. */
  readonly generation: number
  /** Since when it has no link, in milliseconds since 1970. */
  readonly cutAtMs: number | undefined
  /** Kept answers, and their bytes with those of their items. */
  readonly answers: number
  readonly bytes: number
}

/** The last recorded call of one slot of a session. */
export interface RecordedCall {
  readonly slot: number
  readonly seq: number
  readonly action: string
  /** started: its handler began, and its answer is not recorded yet. unknown: that run was cut in the middle. */
  readonly state: 'started' | 'answered' | 'unknown'
  /** undefined: it has none. not started: it was refused. */
  readonly outcome: 'value' | 'error' | 'not started' | undefined
  /** Bytes of its answer and items; 0: its caller has acknowledged it, and it was dropped. */
  readonly bytes: number
  /** When it started or was answered, in milliseconds since 1970; undefined: an earlier version has recorded it. */
  readonly atMs: number | undefined
}

/** Where a page begins, and how much it may have. */
export interface PageAfter<Key> {
  readonly after: Key
  readonly limit: number
}

export interface RecordedSessions {
  /** This server process, by the name that `node` has. */
  readonly node: string
  /** Sessions with greater ids, in the order of ids. */
  list(page: PageAfter<string>): Promise<readonly RecordedSession[]>
  /** The ids of sessions whose id begins with this; at most two. */
  idsOf(prefix: string): Promise<readonly string[]>
  /** The calls of a session in higher slots, in the order of slots. */
  calls(session: string, page: PageAfter<number>): Promise<readonly RecordedCall[]>
}
