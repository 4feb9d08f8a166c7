// What the daemon serves: notes that live as long as it does.
import { Action } from 'isock'

const notes: string[] = []

export class AddNote extends Action {
  override action(text: string): number {
    return notes.push(text)
  }
}

export class Notes extends Action {
  override action(): readonly string[] {
    return notes
  }
}
