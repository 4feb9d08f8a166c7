// What server and readers share: the channel, and what its messages are.
import { Channel } from 'isock'

export interface Story {
  readonly title: string
}

/** The last 100 stories are kept for ten minutes, for readers who were away. */
export class News extends Channel<Story> {
  static override history = { size: 100, ttlMs: 600_000 }
}
