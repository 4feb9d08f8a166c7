// A queue whose members can leave from any position. Adding, taking and leaving take constant time; an array would need a
// search, or would move all later members.

/** A member's place in a queue. */
export interface Place {
  /** False if it had already left, or was taken. */
  leave(): boolean
}

export class Queue<T> {
  #first: Member<T> | undefined
  #last: Member<T> | undefined
  #length = 0

  get length(): number {
    return this.#length
  }

  /** The oldest member, which stays; undefined if the queue is empty. */
  get next(): T | undefined {
    return this.#first?.value
  }

  /** Adds at the end. */
  add(value: T): Place {
    const member = new Member(value, this.#last, this.#remove)
    if (this.#last === undefined) this.#first = member
    else this.#last.behind = member
    this.#last = member
    this.#length++
    return member
  }

  /** Takes the oldest member; undefined if the queue is empty. */
  take(): T | undefined {
    const first = this.#first
    first?.leave()
    return first?.value
  }

  /** Takes all current members, in order. */
  takeAll(): T[] {
    const values: T[] = []
    while (this.#first !== undefined) values.push(this.take() as T)
    return values
  }

  readonly #remove = (member: Member<T>): void => {
    const { ahead, behind } = member
    if (ahead === undefined) this.#first = behind
    else ahead.behind = behind
    if (behind === undefined) this.#last = ahead
    else behind.ahead = ahead
    member.ahead = member.behind = undefined
    this.#length--
  }
}

class Member<T> implements Place {
  readonly value: T
  ahead: Member<T> | undefined
  behind: Member<T> | undefined
  #remove: ((member: Member<T>) => void) | undefined

  constructor(value: T, ahead: Member<T> | undefined, remove: (member: Member<T>) => void) {
    this.value = value
    this.ahead = ahead
    this.#remove = remove
  }

  leave(): boolean {
    const remove = this.#remove
    this.#remove = undefined
    remove?.(this)
    return remove !== undefined
  }
}
