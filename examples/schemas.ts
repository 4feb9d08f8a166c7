// Schemas: the server checks what comes in and what goes out. zod here; any Standard Schema will do.
import { Action, ValidationError } from 'isock'
import { createHarness } from 'isock/testing'
import * as z from 'zod'

const Booking = z.object({
  email: z.email(),
  seats: z.int().min(1).max(8),
  note: z.string().default(''),
})

/** The client's types come from the schemas, and so does the value that arrives here. */
class Book extends Action {
  static override input = Booking
  static override output = z.object({ id: z.string(), seats: z.number() })

  override action({ email, seats, note }: z.output<typeof Booking>) {
    console.log('  the action got', { email, seats, note })
    return { id: `booking-of-${email.split('@')[0]}`, seats }
  }
}

await using harness = await createHarness({ actions: [new Book()] })
const { client } = harness

console.log('a booking, its note filled in by the schema:')
console.log('  the client got', await client.runAction(Book, { email: 'ada@example.org', seats: 2 }))

console.log('a booking that is refused before the action runs:')
const refused = await client.runAction(Book, { email: 'nobody', seats: 9 }).outcome()
if (!refused.ok && refused.error instanceof ValidationError) {
  console.log('  not started:', refused.error.notStarted)
  for (const { path, message } of refused.error.issues) console.log(`  ${path?.join('.')}: ${message}`)
}
