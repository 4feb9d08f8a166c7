// The models that the specs of data share.
import { field, Model } from 'isock/data'

export class Team extends Model {
  name = field.text({ unique: true })
  lead = field.ref(() => User, { optional: true })
}

export class User extends Model {
  email = field.text({ unique: true, set: (text) => text.trim().toLowerCase() })
  name = field.text({ default: 'nobody' })
  age = field.integer({ optional: true, index: true })
  score = field.number({ default: 0 })
  isActive = field.boolean({ default: true })
  role = field.choice(['user', 'admin'], { default: 'user' })
  joinedAt = field.date({ default: () => new Date(0) })
  tags = field.list('text', { default: () => [] })
  settings = field.json<unknown>({ optional: true })
  password = field.password({ optional: true })
  team = field.ref(() => Team, { optional: true })

  get domain(): string | undefined {
    return this.email.split('@')[1]
  }

  greet(): string {
    return `hello ${this.name}`
  }
}

export class ChatMessage extends Model {
  author = field.ref(() => User)
  content = field.text()
  replyTo = field.ref(() => ChatMessage, { optional: true })
}

export const models = [Team, User, ChatMessage]
