// What the servers of this comparison run: the same insert of one row, with its answer recorded, or without; and a call that needs nothing.

import { field, Model } from '../../lib/data.ts'
import { Action, type Context } from '../../lib/index.ts'

export class Entry extends Model {
  text = field.text()
  amount = field.integer()
}

export interface EntryData {
  readonly text: string
  readonly amount: number
}

export const entry: EntryData = { text: 'one row, inserted by one call', amount: 19 }

export class RecordedInsert extends Action<EntryData, string> {
  static override transactional = true

  override async action(data: EntryData, { db }: Context): Promise<string> {
    return (await db.create(Entry, data)).pk
  }
}

export class PlainInsert extends Action<EntryData, string> {
  override async action(data: EntryData, { db }: Context): Promise<string> {
    return (await db.create(Entry, data)).pk
  }
}

export class Echo extends Action<EntryData, EntryData> {
  override action(data: EntryData): EntryData {
    return data
  }
}

export const callable = { RecordedInsert, PlainInsert, Echo }
export type Callable = keyof typeof callable
