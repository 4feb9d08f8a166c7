// The addressee of a call: its action, or, for a built-in action, the service, channel or room that the request names.
// Calls to one addressee keep their order; a busy one does not hold up calls to others.

/** The prefix of built-in actions. */
const ownPrefix = 'isock.'
/** The fields of built-in requests that name their target. */
const fields = ['service', 'channel', 'key'] as const

export function addresseeOf(actionName: string, data: unknown): string {
  if (!actionName.startsWith(ownPrefix)) return actionName
  if (typeof data === 'string') return JSON.stringify([actionName, data])
  if (typeof data !== 'object' || data === null) return actionName
  const request = data as Partial<Record<(typeof fields)[number], unknown>>
  const names = fields.map((field) => request[field]).filter((name) => typeof name === 'string')
  return names.length === 0 ? actionName : JSON.stringify([actionName, ...names])
}
