// What can bring one message to many: served in one process, connected to from another.
export interface ServedTopic {
  readonly port: number
  /** To all that are connected. Settles when it is on its way. */
  publish(message: object): Promise<void> | void
  close(): Promise<void> | void
}

export interface FanoutContender {
  serve(): Promise<ServedTopic>
  /** Settles when so many subscribers are there. `onMessages` is called with how many messages came. */
  connect(port: number, subscribers: number, onMessages: (count: number) => void): Promise<void>
  /** To how many of so many subscribers one message goes. Default: to all. */
  deliveriesTo?(subscribers: number): number
}

/** What is sent: a small object. */
export function messageAt(index: number): object {
  return { index, title: 'a storm comes up over the bay', tags: ['weather', 'local'], at: 1_700_000_000_000 }
}
