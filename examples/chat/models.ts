// The tables of the chat.
import { field, Model } from 'isock/data'

export class User extends Model {
  readonly email = field.text({ unique: true })
  /** Hashed when it is set, and in no dictionary. */
  readonly password = field.password()
}

export class ChatMessage extends Model {
  readonly author = field.ref(() => User)
  readonly channel = field.text({ index: true })
  readonly content = field.text()
  /** Seconds since 1970. */
  readonly timestamp = field.number()
}
