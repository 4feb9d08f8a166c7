// Whom a call addresses: its action, or, where an action of the library serves many of the program's things, the one of
// them that the request names. Calls to one addressee keep their order; a busy one does not hold up calls to others.

/** The actions of the library itself. */
const ownPrefix = 'isock.'
/** What its requests call the thing that they are for. */
const fields = ['service', 'channel', 'key'] as const

export function addresseeOf(actionName: string, data: unknown): string {
  if (!actionName.startsWith(ownPrefix)) return actionName
  if (typeof data === 'string') return JSON.stringify([actionName, data])
  if (typeof data !== 'object' || data === null) return actionName
  const request = data as Partial<Record<(typeof fields)[number], unknown>>
  const names = fields.map((field) => request[field]).filter((name) => typeof name === 'string')
  return names.length === 0 ? actionName : JSON.stringify([actionName, ...names])
}
