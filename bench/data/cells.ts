// What is measured: each operation in a unit of work of its own, as an action would do it.
import { field, Model } from '../../lib/data.ts'

export class Person extends Model {
  email = field.text({ unique: true })
  name = field.text()
  age = field.integer({ index: true })
  score = field.number()
  isActive = field.boolean({ default: true })
  joinedAt = field.date()
}

export interface PersonData {
  readonly email: string
  readonly name: string
  readonly age: number
  readonly score: number
  readonly isActive: boolean
  readonly joinedAt: Date
}

export interface Contender {
  /** Rows 0 to count - 1. Keeps their pks. */
  fill(count: number): Promise<void>
  insert(data: PersonData): Promise<void>
  /** The row at this place of the first ones. */
  point(at: number): Promise<string>
  /** How many are of this age and active. */
  filtered(age: number): Promise<number>
  close(): Promise<void>
}

export interface Cell {
  readonly name: string
  readonly operations: number
  run(contender: Contender, round: number): Promise<void>
}

export function personAt(at: number, prefix = 'p'): PersonData {
  return {
    email: `${prefix}${at}@example.org`,
    name: `Person ${at}`,
    age: at % 100,
    score: at / 7,
    isActive: at % 2 === 0,
    joinedAt: new Date(1_700_000_000_000 + at * 1_000),
  }
}

export const cells: readonly Cell[] = [
  {
    name: 'insert',
    operations: 300,
    async run(contender, round) {
      for (let at = 0; at < 300; at++) await contender.insert(personAt(at, `r${round}-`))
    },
  },
  {
    name: 'point read by pk',
    operations: 600,
    async run(contender, round) {
      for (let at = 0; at < 600; at++) {
        const place = (at * 7_919 + round) % 10_000
        if ((await contender.point(place)) !== `p${place}@example.org`) throw new Error('another row')
      }
    },
  },
  {
    name: 'filtered query of 10 000 rows',
    operations: 40,
    async run(contender) {
      for (let at = 0; at < 40; at++) if ((await contender.filtered(at * 2)) < 100) throw new Error('too few rows')
    },
  },
]
