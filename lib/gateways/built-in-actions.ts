// isock's built-in actions (channels, processes, listings) use isock's own protocol. Foreign clients use what their gateway
// offers instead, and cannot run them by name.

const ownPrefix = 'isock.'

export function isBuiltInAction(name: string): boolean {
  return name.startsWith(ownPrefix)
}
