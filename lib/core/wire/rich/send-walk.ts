// The state of a walk over a value to send. Counts what the receiver will count, and rejects a value with the path of the
// current place.

import { UnsendableError } from '../../base/errors.ts'
import type { ValueLimits } from '../values/value-limits.ts'
import { type PathStep, pathText } from './value-path.ts'

/** The path from the root of a value to the current place, and the counts so far. */
export class SendWalk {
  readonly #label: string
  readonly #limits: ValueLimits
  readonly #steps: PathStep[] = []
  readonly #objects: object[] = []
  /** The number of steps when each object was entered. */
  readonly #stepsAt: number[] = []
  #nodes = 0
  #containers = 0
  #annotations = 0

  constructor(label: string, limits: ValueLimits) {
    this.#label = label
    this.#limits = limits
  }

  /** The number of values so far that have no JSON type. */
  get annotations(): number {
    return this.#annotations
  }

  step(step: PathStep): void {
    this.#steps.push(step)
  }

  stepBack(): void {
    this.#steps.pop()
  }

  enter(object: object): void {
    this.#objects.push(object)
    this.#stepsAt.push(this.#steps.length)
  }

  leave(): void {
    this.#objects.pop()
    this.#stepsAt.pop()
  }

  countNode(): void {
    if (++this.#nodes > this.#limits.maxNodes) this.#refuseCount(this.#limits.maxNodes, 'values')
  }

  /** Counts the arrays and objects that represent the entered object on the wire, the innermost at `depth`. */
  countContainers(depth: number, count: number): void {
    if (depth > this.#limits.maxDepth) this.#refuseDepth()
    this.#containers += count
    if (this.#containers > this.#limits.maxContainers)
      this.#refuseCount(this.#limits.maxContainers, 'arrays and objects')
  }

  countAnnotation(): void {
    if (++this.#annotations > this.#limits.maxAnnotations) {
      this.#refuseCount(this.#limits.maxAnnotations, 'values that JSON has no type for')
    }
  }

  /** @throws UnsendableError, always: the value at this place cannot be serialized. */
  refuse(reason: string, cause?: unknown): never {
    throw new UnsendableError(this.#pathOf(this.#steps.length), reason, cause === undefined ? {} : { cause })
  }

  /** Too deep: because a value contains itself, which is detected only here, or because it is deep. */
  #refuseDepth(): never {
    const again = this.#objects.findIndex((object, i) => this.#objects.indexOf(object) < i)
    if (again === -1)
      return this.refuse(
        `it is nested more than ${this.#limits.maxDepth} deep; raise limits.maxValueDepth at both sides`,
      )
    const first = this.#objects.indexOf(this.#objects[again] as object)
    throw new UnsendableError(
      this.#pathOf(this.#stepsAt[again] ?? 0),
      `it contains itself (cycle to ${this.#pathOf(this.#stepsAt[first] ?? 0)})`,
    )
  }

  /** For the whole value: no single place is at fault. */
  #refuseCount(most: number, what: string): never {
    throw new UnsendableError(
      this.#label,
      `it holds more than ${most} ${what} (a shared one is sent and counted each time); ` +
        'send it in parts, or raise limits.maxValueContainers at both sides',
    )
  }

  #pathOf(steps: number): string {
    return pathText(this.#label, this.#steps.slice(0, steps))
  }
}
