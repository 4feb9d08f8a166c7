// A durable service for the specs: a list of what was added, with the number of turns.
import { Service, type ServiceContext } from 'isock'
import { field, Model } from 'isock/data'
import { Refused } from './shop.ts'

/** A row that is written beside the state. */
export class Added extends Model {
  cart = field.text()
  note = field.text()
}

export class Note {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export interface CartState {
  readonly turns: number
  readonly notes: readonly Note[]
}

/** 'throw' fails after everything else was done; 'read' changes nothing but the number of turns. */
export class Cart extends Service<CartState, string, string> {
  static override durable = true
  static override errors = [Refused]
  static override classes = [Note]
  /** Called in each turn, for a spec to wait there. */
  readonly pass: (note: string, signal: AbortSignal) => Promise<void> | void

  constructor(pass: (note: string, signal: AbortSignal) => Promise<void> | void = () => undefined) {
    super()
    this.pass = pass
  }

  init(): CartState {
    return { turns: 0, notes: [] }
  }

  async exec(
    state: CartState,
    note: string,
    { db, respond, signal, key = '' }: ServiceContext<string>,
  ): Promise<CartState> {
    await this.pass(note, signal)
    const notes = note === 'read' ? state.notes : [...state.notes, new Note(note)]
    if (note !== 'read') await db.create(Added, { cart: key, note })
    await respond(notes.map((each) => (each instanceof Note ? each.text : 'a stranger')).join(' '))
    if (note === 'throw') throw new Refused()
    return { turns: state.turns + 1, notes }
  }

  override async exit({ notes }: CartState, note: string, { respond }: ServiceContext<string>): Promise<void> {
    await respond(notes.map(({ text }) => text).join(' '))
    if (note === 'throw') throw new Refused()
  }
}
