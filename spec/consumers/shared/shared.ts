// Classes of every kind, as a package that servers and clients share exports them: each needs a declaration that can be written.
import { Action, ActionError, Channel, type Context, Guard, Process, Service } from 'isock'
import { field, Model } from 'isock/data'
import * as z from 'zod'

export class Team extends Model {
  name = field.text()
}

export class User extends Model {
  email = field.text({ unique: true })
  age = field.integer({ optional: true })
  born = field.date({ optional: true })
  tags = field.list('text', { default: () => [] })
  team = field.ref(() => Team)
  domain = field.computed('text', (user: User) => user.email.split('@')[1] ?? '')
  password = field.password()
}

export class OutOfStock extends ActionError {
  readonly left = 3
}

export class Order extends Action.of({
  input: z.object({ item: z.string(), quantity: z.coerce.number<string>() }),
  output: z.object({ at: z.date() }),
  errors: [OutOfStock],
  action({ quantity }) {
    if (quantity > 3) throw new OutOfStock('not enough')
    return { at: new Date() }
  },
}) {}

export const Twice = Action.of({ actionName: 'twice', action: (n: number) => n * 2 })

export class Find extends Action.of({ input: z.object({ id: z.number() }), items: z.string() }) {
  override async *action({ id }: { id: number }, { signal }: Context) {
    signal.throwIfAborted()
    yield String(id)
    return id
  }
}

export class Resize extends Action<{ image: Uint8Array; width: number }, Uint8Array> {}

export class AddUser extends Action {
  static override errors = [OutOfStock]

  override async action(email: string, { db }: Context) {
    return (await db.query(User, { email })).length
  }
}

export class News extends Channel<{ title: string }> {}

export class Counter extends Process<{ count: number }> {
  override run() {}
}

export class Sums extends Service {
  override init() {}
  override exec(n: number) {
    return n
  }
  override exit() {}
}

export class Login extends Guard<string> {
  override check(ticket: string) {
    return ticket !== '' && { id: ticket }
  }
}
