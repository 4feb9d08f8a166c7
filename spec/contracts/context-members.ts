// What a run sees of its context, in a form that can be sent: for each member its kind, or the error that reading it throws.
import { Action, type Context } from '../../lib/index.ts'

/** All members of a context; the compiler checks that none is missing. */
const members: Record<keyof Context, true> = {
  callId: true,
  actionName: true,
  attempt: true,
  metadata: true,
  session: true,
  server: true,
  publish: true,
  client: true,
  signal: true,
  deadline: true,
  remainingMs: true,
  log: true,
  emit: true,
  db: true,
}

export type Seen = Record<string, string>

export function lookAt(context: object): Seen {
  const seen: Seen = {}
  for (const name of Object.keys(members)) {
    if (!(name in context)) seen[name] = 'missing'
    else
      try {
        seen[name] = kindOf(context[name as never])
      } catch (error) {
        seen[name] = `throws ${(error as { code?: string }).code}: ${(error as Error).message}`
      }
  }
  return seen
}

function kindOf(value: unknown): string {
  if (value instanceof Date) return 'date'
  return value instanceof AbortSignal ? 'signal' : typeof value
}

export class LookFromThread extends Action {
  static override threaded = import.meta.url

  override action(_data: undefined, context: Context): Seen {
    return lookAt(context)
  }
}
